"""Texts for people hold no names of the code."""

import ast
import re
from pathlib import Path

import pytest

ADMIN = Path(__file__).parents[2] / "shop" / "admin"
NAME = re.compile(r"(?<![\w./\[-])[a-z]+(?:_[a-z]+)+(?![\w=./\]-])")


@pytest.mark.parametrize("file", sorted(ADMIN.rglob("*.py")), ids=lambda file: str(file.relative_to(ADMIN)))
def test_a_text_of_the_admin_holds_no_name_of_the_code(file):
    tree = ast.parse(file.read_text())
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
    }
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]

    assert [text for text in texts if " " in text and text not in docstrings and NAME.search(text)] == []
