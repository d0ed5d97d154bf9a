"""What a person does in JupyterLab, for the tests in this folder: open, run all, look.

Every function takes Playwright's `page` (the fixture of conftest.py). Every wait has a time limit.
"""

import re

SLOW = 60_000  # milliseconds; the limit for whatever starts a kernel, on a busy machine
ERRORS = ("application/vnd.jupyter.stderr", "application/vnd.jupyter.error")


def new_page(browser, server, complaints):
    """Open a page on the server; whatever its console calls an error is added to `complaints`."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": 1280, "height": 720},
        extra_http_headers={"Authorization": f"token {server.token}"},
    )
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


def open_home(page):
    """Open the course home and wait until it is shown rendered."""
    page.goto("/lab/tree/HOME.md?reset")
    page.locator(".jp-MarkdownViewer table").first.wait_for(timeout=SLOW)


def open_notebook(page, name):
    """Open the notebook with the file `name` and wait until its kernel is idle."""
    page.goto(f"/lab/tree/{name}?reset")  # reset: without the tabs of the test before
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=SLOW)
    wait_until_idle(page)


def wait_until_idle(page, *, limit=SLOW):
    """Wait until the kernel is idle and no cell waits for it; `limit` in milliseconds."""
    page.wait_for_function(
        """() => document.querySelector('#jp-main-statusbar')?.textContent.includes('| Idle')
            && !Array.from(document.querySelectorAll('.jp-InputPrompt'), prompt => prompt.textContent)
                .some(text => text.includes('*'))""",
        timeout=limit,
    )


def menu(page, name, command):
    """Choose the entry with the JupyterLab `command` from the menu with this `name`."""
    page.locator("#jp-MainMenu").get_by_text(name, exact=True).click()
    page.locator(f'.lm-Menu-item[data-command="{command}"]').click()


def run_all(page, *, limit=2 * SLOW):
    """Run all cells from the menu and wait until the last has ended; `limit` in milliseconds."""
    before = prompts(page)
    menu(page, "Run", "runmenu:run-all")
    page.wait_for_function(  # only then is an idle kernel one that has run
        "before => document.querySelector('.jp-CodeCell .jp-InputPrompt').textContent !== before",
        arg=before[0],
        timeout=limit,
    )
    wait_until_idle(page, limit=limit)
    assert not set(prompts(page)) & {"[ ]:"}, "a cell was not run: one before it failed"


def run_notebook(page, name, text=""):
    """Open the notebook `name`, run all of it, and return the first code cell that contains `text`."""
    open_notebook(page, name)
    run_all(page, limit=4 * SLOW)
    chosen = cell(page, text).first
    chosen.scroll_into_view_if_needed()
    return chosen


def prompts(page):
    """Return what stands before each code cell, such as "[ ]:" or "[3]:"."""
    return page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()


def cell(page, text):
    """Return the locator of the code cell whose source contains `text`."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea-editor", has_text=text))


def run_cell(page, text, *, limit=SLOW):
    """Run the one code cell whose source contains `text` and wait until it has ended."""
    chosen = cell(page, text)
    before = chosen.locator(".jp-InputPrompt").text_content()
    chosen.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    prompt = chosen.locator(".jp-InputPrompt").element_handle()
    page.wait_for_function(
        "([prompt, before]) => prompt.textContent !== before", arg=[prompt, before], timeout=limit
    )
    wait_until_idle(page, limit=limit)


def faults(page):
    """Return the texts of all outputs that are an error or went to stderr: for a sound notebook none."""
    selector = ", ".join(f'.jp-OutputArea [data-mime-type="{mime}"]' for mime in ERRORS)
    return page.locator(selector).all_text_contents()


def pictures(page):
    """Return the alt texts of all pictures in the outputs: the picture's data, in words."""
    images = page.locator(".jp-OutputArea img[alt]")
    return [image.get_attribute("alt") for image in images.all()]


def wait_for_new_picture(page, before, *, limit=SLOW):
    """Wait until the pictures' alt texts differ from those `before`; return them."""
    page.wait_for_function(
        """before => JSON.stringify(Array.from(document.querySelectorAll('.jp-OutputArea img[alt]'),
            image => image.alt)) !== JSON.stringify(before)""",
        arg=before,
        timeout=limit,
    )
    return pictures(page)


def alike(message):
    """Return the console's `message` without what differs from run to run: addresses and numbers."""
    return re.sub(r"https?://\S+|\b[0-9a-f]{8}-[0-9a-f-]+|\d+", "…", message)
