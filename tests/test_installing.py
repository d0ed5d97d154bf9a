from threadlab import installing


def test_this_python_meets_the_requirements_of_the_tests():
    assert installing.missing("test") == []
