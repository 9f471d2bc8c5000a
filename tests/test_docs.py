"""The documents are correct: links, paths, keys, commands, targets, names in Keras, versions, and the words."""

import ast
import io
import re
import shlex
import subprocess
import tokenize
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.recipes import RECIPES
from utils.config import process_config
from utils.config.renamed import RENAMED

ROOT = Path(__file__).resolve().parents[1]
CODE = (
    *("utils", "base", "models", "data_loader", "inference", "evaluation", "reporting"),
    *("tasks", "trainers", "preparation", "benchmarks", "mains"),
)
FOLDERS = (*CODE, "tests", "configs", "docs", ".ci")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
TEXT = {".py", ".md", ".json", ".jsonl", ".toml", ".txt", ".lock", ".yaml", ".yml", ""}
SECTIONS = "exp|data|model|trainer|evaluator|logger"

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(rf"({'|'.join(map(re.escape, FOLDERS))})(/[\w.-]+)*/?")
TARGET = re.compile(r"\bmake((?: [A-Z]+=(?:\"[^\"]*\"|\S+))*)(?: ([a-z]+))?")
SETTING = re.compile(r"--set((?:\s+[a-z_]+(?:\.[a-z_0-9]+)*=(?:\"[^\"]*\"|[^\s`\"]+))+)")
KERAS_NAME = re.compile(r"keras\.[a-z_.]+[A-Za-z]\w*")


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.relative_to(ROOT).as_posix())


def project_files(root=ROOT):
    """Every text or image file that belongs to the project; nothing that git ignores is in these folders.

    Of configs/ only the project's own recipes and the schema: users write configs of their own beside them.
    """
    top = [path for path in root.iterdir() if path.is_file() and path.name != ".git"]  # a file in a worktree
    below = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    users = {path for path in below if path.parent == root / "configs" and path.stem not in (*RECIPES, "schema")}
    return sorted(path for path in top + below if "__pycache__" not in path.parts and path not in users)


def code_in(text):
    """The inline code and the lines of the code blocks, lines that end in a backslash joined."""
    blocks = [block for _, block in FENCE.findall(text)]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text))] + lines


def anchors(document):
    """The fragments that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document, text):
    """Links to what does not exist: a file, or a heading in one of the documents."""
    broken = []
    for link in LINK.findall(text):
        name, _, fragment = link.partition("#")
        target = document.parent / name if name else document
        if not re.match(r"[a-z]+:", link) and not (target.exists() and (not fragment or fragment in anchors(target))):
            broken.append(link)
    return broken


def missing_paths(text):
    """Paths below the project's folders that are named as code and do not exist; a glob or placeholder is no path."""
    return [code for code in code_in(text) if PATH.fullmatch(code) and not (ROOT / code).exists()]


def missing_scripts(text):
    scripts = [word for code in code_in(text) for word in re.findall(r"python[\d.]* ([\w/]+\.py)", code)]
    scripts += [word for code in code_in(text) for word in re.findall(r"(?:-c|pytest) (\w[\w./]*)", code)]
    # Files in experiments/ are written by a run, others by a command of the same document.
    written = {name for code in code_in(text) for name in re.findall(r"--write ([\w./]+)", code)}
    missing = [script for script in scripts if not (ROOT / script).exists() and script not in written]
    return [script for script in missing if not script.startswith("experiments/")]


def unknown_targets(text):
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = [code for code in code_in(text) if re.match(r"make\b", code)]
    return [name for code in commands for _, name in TARGET.findall(code) if name and name not in known]


def settings_in(text):
    """Each group `a.b=1 c.d=2` that follows a `--set`."""
    groups = [group for code in code_in(text) for group in SETTING.findall(code)]
    return [shlex.split(group) for group in groups]


def reference_keys():
    text = (ROOT / "docs/CONFIG.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([a-z_.0-9]+)` \|", text, re.MULTILINE))


def unknown_keys(text):
    """Keys named in inline code that the config reference does not have; a renamed key may be named."""
    codes = SPAN.findall(FENCE.sub("", text))
    keys = {code for code in codes if re.fullmatch(rf"({SECTIONS})(\.[a-z_]+)+", code)} - {"data.yaml"}
    return sorted(key for key in keys - reference_keys() - RENAMED.keys() if not (ROOT / key).exists())


@named(DOCUMENTS)
def test_links_and_paths_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    assert broken_links(path, text) == []
    assert missing_paths(text) == []


@named(DOCUMENTS)
def test_commands_name_what_exists(path):
    text = path.read_text(encoding="utf-8")
    assert missing_scripts(text) == []
    assert unknown_targets(text) == []
    assert unknown_keys(text) == []


@named([path for path in DOCUMENTS if path.name != "CONFIG.md"])
def test_settings_are_accepted(path):
    text = path.read_text(encoding="utf-8")
    console = "".join(block for kind, block in FENCE.findall(text) if kind == "console")
    shown_as_wrong = settings_in(f"```\n{console}\n```")
    for setting in settings_in(text):
        if setting not in shown_as_wrong:
            process_config(ROOT / "configs/pets.json", setting)


def test_the_readme_has_settings_to_check():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ["exp.name=breeds", "data.classes=breed", "trainer.epochs=12"] in settings_in(text)


def test_shown_errors_are_printed_by_the_command(monkeypatch):
    """The console block of the README is what the command prints."""
    monkeypatch.chdir(ROOT)
    block = next(block for kind, block in FENCE.findall((ROOT / "README.md").read_text()) if kind == "console")
    command, _, printed = block.partition("\n")
    with pytest.raises(Exception, match="2 problems") as caught:
        process_config("configs/pets.json", shlex.split(command.partition("--set ")[2]))
    assert f"error: {caught.value}".strip() == printed.strip()


def test_the_changelog_has_every_renamed_key():
    rows = re.findall(r"^ *\| (`.+) \| (`.+) \|$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    pairs = [zip(SPAN.findall(old), SPAN.findall(new), strict=False) for old, new in rows]
    assert RENAMED.items() <= {pair for row in pairs for pair in row}


def test_names_in_keras_exist():
    import keras  # noqa: PLC0415 - the other tests do without

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = sorted({code for code in code_in(text) if KERAS_NAME.fullmatch(code) and code != "keras.callbacks"})
    assert len(names) >= 8
    for name in names:
        found = keras
        for part in name.split(".")[1:]:
            assert hasattr(found, part), f"Keras {keras.__version__} has no {name}"
            found = getattr(found, part)


def test_wrong_documents_are_found():
    links = "[a](no/such.md) [b](README.md#no-heading) [c](README.md#data)"
    text = f"{links} `utils/nothing.py` `make A=x nonsense` `python mains/none_main.py` `trainer.epoch`"
    assert broken_links(ROOT / "README.md", text) == ["no/such.md", "README.md#no-heading"]
    assert missing_paths(text) == ["utils/nothing.py"]
    assert unknown_targets(text) == ["nonsense"]
    assert missing_scripts(text) == ["mains/none_main.py"]
    assert unknown_keys(text) == ["trainer.epoch"]


def test_images_are_small():
    kinds = {".png", ".jpg", ".gif", ".svg", ".webp"}
    images = {path: path.stat().st_size for path in project_files() if path.suffix in kinds}
    assert {path.name: size for path, size in images.items() if size >= 300_000} == {}
    assert sum(images.values()) < 5_000_000


def test_no_path_of_a_machine_and_no_package_host():
    # Put together here, so that this file does not hold them. Tests may speak of the folder for temporary files.
    hosts = ["py" + "pi.", "python" + "hosted", "index" + "-url", "find" + "-links", "file:" + "//"]
    words = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", *hosts]
    offences = []
    for path in project_files():
        if path.suffix in TEXT and path.name != "LICENSE":
            text = path.read_text(encoding="utf-8")
            in_tests = path.is_relative_to(ROOT / "tests")
            offences += [f"{path.relative_to(ROOT)}: {word}" for word in words if word in text]
            offences += [f"{path.relative_to(ROOT)}: temporary folder"] * (not in_tests and "/tm" + "p/" in text)
    assert offences == []


def test_configs_of_users_are_no_files_of_the_project(tmp_path):
    names = ("README.md", "configs/pets.json", "configs/schema.json", "configs/mine.json", "configs/mine.yaml")
    (tmp_path / "configs").mkdir()
    for name in names:
        (tmp_path / name).write_text("{}")
    assert project_files(tmp_path) == sorted(tmp_path / name for name in names[:3])


def test_one_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert released[0] == version


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 10, 9), False), ((3, 11, 3), False), ((3, 11, 4), True), ((3, 13, 9), True), ((3, 14, 0), False)],
)
def test_one_range_of_python_versions(version, fits):
    """3.11.4 is the first 3.11 whose tarfile has the filters that `data_loader/archive.py` needs."""
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    low, high = (tuple(map(int, re.findall(r"\d+", bound))) for bound in required.split(","))
    assert (low <= version < high) == fits
    check = re.search(r"sys\.exit\((not .*)\)'", (ROOT / "Makefile").read_text(encoding="utf-8"))[1]
    assert eval(check, {"sys": SimpleNamespace(version_info=(*version, "final", 0))}) != fits
    assert f"(from {'.'.join(map(str, low))})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split():
        assert re.search(rf"^  {target}\s+\w", shown, re.MULTILINE), f"make help does not explain {target}"


RETIRED = {
    r"pictures?": "image",
    r"drawn (pets|images?|animals|ones)": "synthetic pets",
    r"(?<!paper's )figures?(?! \d)": "metric, value, number",
    r"(go|goes|going|went|gone) on": "resume, continue",
    r"(begins?|began|begun) (from|with)": "is initialized from",
    r"anew": "again; is randomly initialized",
    r"(breaks?|broke|broken) off": "is interrupted",
    r"(can|cannot|could|could not|to) be had": "is unavailable",
    r"(stands?|stood|lies?|lay) (in(?! for)|there|here|beside|below|above)": "is in, is documented in",
    r"how quick(ly)?|quick(er|est|ly)?": "fast, speed",
    r"memory is short": "memory is limited",
    r"on the way back": "in the backward pass",
    r"(takes?|took|taken) (the average|back)": "loads the EMA weights; rolls back",
    r"a part of it": "a subset, a component",
    r"room (for|in the batch)": "capacity, at most N",
    r"one's own|(an )?own one": "custom, your own",
    r"tests? (holds?|held)|held by tests?": "a test verifies, enforced by a test",
    r"proves what": "verifies",
    r"recomputed stages?": "gradient checkpointing",
    r"loud(ly| line| warning)": "warning",
    r"(is|are|be|was|were) told(?! apart)": "is reported",
    r"mend(s|ed)?": "correct, repair",
    r"colour(s|ed|ing)?": "color",
}
"""Expression that documents, docstrings, comments and messages must not contain → what to write instead."""


def passages(path):
    """The prose of a file, each passage with the line it starts at: no code blocks, inline code or identifiers."""
    text = path.read_text(encoding="utf-8")
    found = [(1, FENCE.sub("", text))]
    if path.suffix == ".py":
        nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        found = [(node.lineno, node.value) for node in nodes if isinstance(node.value, str)]
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        found += [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    for line, passage in found:
        yield line, " ".join(re.sub(r"(`+)[^`]+\1|\w+(\.\w+)+|\w*_\w+", "…", passage).split())


def retired_words(path):
    return [
        f'{path.name}:{line}: "{match[0]}" in "{passage[max(0, match.start() - 30) : match.end() + 30]}": {instead}'
        for line, passage in passages(path)
        for words, instead in RETIRED.items()
        for match in re.finditer(rf"\b(?:{words})\b", passage, re.IGNORECASE)
    ]


@named([*DOCUMENTS, ROOT / "Makefile"])
def test_documents_use_the_words_of_the_field(path):
    assert retired_words(path) == []


@pytest.mark.parametrize("folder", CODE)
def test_docstrings_comments_and_messages_use_the_words_of_the_field(folder):
    assert [found for path in sorted((ROOT / folder).rglob("*.py")) for found in retired_words(path)] == []


def test_retired_words_are_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text('"""Goes\non."""\nprint(f"{1} anew", "`anew`", "anew_x")  # a picture\n', encoding="utf-8")
    assert [found.split('"')[1] for found in retired_words(path)] == ["Goes on", "anew", "picture"]
