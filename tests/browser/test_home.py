from lab import faults, open_home, run_notebook

from threadlab.installing import ROOT


def test_the_course_opens_on_a_rendered_list_of_notebooks(page):
    open_home(page)
    assert "Threads in Python" in page.locator(".jp-MarkdownViewer h1").text_content()
    assert page.locator(".jp-MarkdownViewer td", has_text="23 min").is_visible()


def test_a_click_on_the_list_opens_the_notebook(page, notebook, server):
    (server.notebooks / "03_linked.md").write_text(f"|[a lesson]({notebook('1')})|\n|---|\n", "utf-8")
    page.goto("/lab/tree/03_linked.md?reset")
    page.get_by_role("link", name="a lesson").click()
    page.locator(".jp-Notebook .jp-CodeCell").wait_for()


def test_jupyterlab_does_not_ask_about_its_news(server):
    settings = server.ask("GET", "/lab/api/settings/@jupyterlab/apputils-extension:notification").json()
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_a_notebook_finds_this_threadlab(page, notebook):
    run_notebook(page, notebook("import threadlab; print(threadlab.__file__)"))
    assert str(ROOT / "threadlab") in page.locator(".jp-OutputArea-output").text_content()
    assert faults(page) == []
