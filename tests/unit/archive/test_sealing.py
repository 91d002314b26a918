"""Sealing and verification: what was changed afterwards shows, what died in between is shown."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import Any

import nbformat
import pytest

from runbook_lib.archive import chain, journal
from runbook_lib.archive.chain import MANIFEST
from runbook_lib.archive.files import sha256_of
from runbook_lib.archive.folder import RUN_ID
from runbook_lib.archive.journal import Journal
from runbook_lib.archive.notebook import executed_notebook
from runbook_lib.archive.runs import list_runs, new_run, seal, seal_abandoned, summary_of, verify, verify_archive
from runbook_lib.core.errors import Refused
from runbook_lib.core.findings import Verdict


def make_run(outputs, notebook="30_backup_database", *, sealed=True):
    folder = new_run(notebook, outputs)
    with Journal(folder) as writing:
        writing.write("run_started", run_id=folder.run_id, notebook=notebook, environment="lab", mode="apply", operator="m",
                      parameters={"environment": "lab"})
        writing.write("step_started", key="a", title="A")
        evidence = folder.evidence("a.txt", "said this\n")
        writing.write("step_finished", key="a", state="passed", seconds=1.0, exit_code=0, evidence=[evidence])
        writing.write("run_finished", verdict="passed", state="finished", exit_code=0, summary="Done.")
    if sealed:
        seal(folder)
    return folder


def faults(folder):
    return {one.check: one.verdict for one in verify(folder) if one.verdict is not Verdict.PASSED}


def test_a_run_folder_is_named_by_time_random_part_and_notebook(tmp_path):
    folder = new_run("30_backup_database", tmp_path)
    assert RUN_ID.fullmatch(folder.run_id)
    assert folder.path == tmp_path / f"{folder.run_id}-30_backup_database"


def test_evidence_never_overwrites_and_never_leaves_the_folder(tmp_path):
    folder = new_run("x", tmp_path)
    names = [folder.evidence(name, name) for name in ("../../etc/passwd", "../../etc/passwd", "..")]
    assert len(set(names)) == 3
    assert all((folder.path / name).resolve().is_relative_to(folder.path) for name in names)


def test_an_untouched_run_verifies(tmp_path):
    make_run(tmp_path)
    folder = make_run(tmp_path)
    assert faults(folder) == {}
    assert verify_archive(tmp_path)[0].verdict is Verdict.PASSED


def test_a_sealed_run_holds_notebook_reports_and_manifest(tmp_path):
    folder = make_run(tmp_path)
    names = {path.name for path in folder.path.iterdir()}
    assert {"journal.jsonl", "notebook.ipynb", "report.html", "summary.md", "junit.xml", MANIFEST} <= names


def test_sealing_twice_changes_nothing_and_returns_the_same_hash(tmp_path):
    folder = make_run(tmp_path)
    before = {path: sha256_of(path) for path in folder.path.rglob("*") if path.is_file()}
    assert seal(folder) == sha256_of(folder.path / MANIFEST)
    assert before == {path: sha256_of(path) for path in folder.path.rglob("*") if path.is_file()}


def test_sealing_closes_a_journal_that_is_still_open_in_this_process(tmp_path):
    folder = new_run("x", tmp_path)
    writing = Journal(folder)
    writing.write("run_started", notebook="x")
    seal(folder)
    assert writing.closed
    assert faults(folder) == {}


@pytest.mark.parametrize("name", ["evidence/a.txt", "notebook.ipynb", "report.html", "journal.jsonl"])
def test_one_changed_byte_in_any_file_is_found_and_named(tmp_path, name):
    folder = make_run(tmp_path)
    raw = bytearray((folder.path / name).read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    (folder.path / name).write_bytes(bytes(raw))
    assert faults(folder)[f"file {name}"] is Verdict.FAILED


def test_missing_and_added_files_are_found(tmp_path):
    folder = make_run(tmp_path)
    (folder.path / "evidence" / "a.txt").unlink()
    (folder.path / "evidence" / "b.txt").write_text("planted")
    (folder.path / "evidence" / "c.txt").symlink_to("/etc/hostname")
    found = [one.measured for one in verify(folder) if one.verdict is Verdict.FAILED]
    assert found == ["missing", "added after sealing", "added after sealing"]


def remade(folder):
    """A forger's manifest: every hash recomputed."""
    path = folder.path / MANIFEST
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name]["sha256"] = sha256_of(folder.path / name)
    path.write_text(json.dumps(manifest))


def test_an_edited_journal_under_a_remade_manifest_breaks_its_own_links(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    path.write_bytes(path.read_bytes().replace(b'"title": "A"', b'"title": "B"'))
    remade(folder)
    assert faults(folder) == {"journal": Verdict.FAILED, "chain": Verdict.FAILED}


def test_reordered_journal_lines_are_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    remade(folder)
    assert faults(folder)["journal"] is Verdict.FAILED


def test_a_line_taken_out_of_the_journal_is_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / journal.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    assert faults(folder)["journal"] is Verdict.FAILED


def test_a_manifest_with_a_nicer_verdict_is_found(tmp_path):
    folder = make_run(tmp_path)
    path = folder.path / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["run"]["verdict"] = "warning"
    path.write_text(json.dumps(manifest))
    assert faults(folder) == {"verdict": Verdict.FAILED, "chain": Verdict.FAILED}


def test_a_removed_run_breaks_the_chain_of_the_next_and_shows_in_the_archive(tmp_path):
    first, second = make_run(tmp_path), make_run(tmp_path)
    shutil.rmtree(first.path)
    assert faults(second)["chain"] is Verdict.FAILED
    assert any(one.measured == "missing" for one in verify_archive(tmp_path))


def test_the_last_run_removed_shows_in_the_archive(tmp_path):
    make_run(tmp_path)
    shutil.rmtree(make_run(tmp_path).path)
    assert [one.verdict for one in verify_archive(tmp_path)] == [Verdict.FAILED]


def test_a_folder_taken_out_of_its_archive_cannot_prove_its_place(tmp_path):
    folder = make_run(tmp_path / "archive")
    alone = tmp_path / "elsewhere" / folder.path.name
    shutil.copytree(folder.path, alone)
    assert faults(alone) == {"chain": Verdict.INCONCLUSIVE}


def test_each_manifest_names_the_one_before(tmp_path):
    first, second = make_run(tmp_path), make_run(tmp_path)
    named = json.loads((second.path / MANIFEST).read_text())["previous"]
    assert named == {"run_id": first.run_id, "manifest_sha256": sha256_of(first.path / MANIFEST)}


def test_a_death_between_manifest_and_chain_is_healed_by_the_next_sealing(tmp_path):
    make_run(tmp_path)
    second = make_run(tmp_path)
    lines = (tmp_path / chain.FILE).read_text().splitlines(keepends=True)
    (tmp_path / chain.FILE).write_text(lines[0] + lines[1][:20])
    third = make_run(tmp_path)
    assert faults(second) == faults(third) == {}


def test_an_unsealed_run_is_inconclusive(tmp_path):
    assert faults(make_run(tmp_path, sealed=False)) == {"manifest": Verdict.INCONCLUSIVE}


def test_an_open_run_is_left_alone_and_a_killed_one_is_sealed_as_aborted(tmp_path):
    script = ("import sys, time; from pathlib import Path\n"
              "from runbook_lib.archive.journal import Journal; from runbook_lib.archive.runs import new_run\n"
              "f = new_run('20_deploy', Path(sys.argv[1])); j = Journal(f)\n"
              "j.write('run_started', notebook='20_deploy', environment='lab')\n"
              "j.write('step_started', key='a', title='A'); print(f.run_id, flush=True); time.sleep(60)\n")
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        run_id = process.stdout.readline().strip()
        assert seal_abandoned(tmp_path) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert seal_abandoned(tmp_path) == [run_id]
    assert seal_abandoned(tmp_path) == []
    [run] = list_runs(tmp_path)
    assert (run.verdict, run.state, run.exit_code, run.sealed) == ("failed", "aborted", 1, True)
    assert faults(run.path) == {}
    assert "Check the server" in (run.path / "report.html").read_text()


def test_a_run_killed_after_its_last_word_keeps_its_verdict(tmp_path):
    folder = make_run(tmp_path, sealed=False)
    assert seal_abandoned(tmp_path) == [folder.run_id]
    assert summary_of(folder.path).verdict == "passed"


def test_a_folder_whose_run_has_not_begun_is_left_alone_until_it_is_old(tmp_path):
    folder = new_run("x", tmp_path)
    assert seal_abandoned(tmp_path) == []
    os.utime(folder.path, (0, 0))
    assert seal_abandoned(tmp_path) == [folder.run_id]


def test_twenty_processes_sealing_at_once_make_one_unbroken_chain(tmp_path):
    folders = [make_run(tmp_path, sealed=False) for _ in range(20)]
    script = "import sys; from runbook_lib.archive.runs import seal\nfor f in sys.argv[1:]: seal(f)"
    running = [subprocess.Popen([sys.executable, "-c", script, *map(str, (f.path for f in folders[n::4]))])
               for n in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert verify_archive(tmp_path)[0].measured == "20 sealed runs"
    assert verify_archive(tmp_path)[0].verdict is Verdict.PASSED


def test_a_defect_in_a_report_does_not_stop_sealing(tmp_path, monkeypatch):
    monkeypatch.setattr("runbook_lib.report.write_all", lambda folder: 1 / 0)
    folder = make_run(tmp_path)
    assert (folder.path / "evidence" / "report-not-made.txt").exists()
    assert faults(folder) == {}


def test_a_run_open_elsewhere_cannot_be_sealed(tmp_path):
    folder = make_run(tmp_path, sealed=False)
    script = ("import sys; from runbook_lib.archive.journal import Journal; j = Journal(sys.argv[1]); "
              "print(1, flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", script, str(folder.path)], stdout=subprocess.PIPE,
                          stdin=subprocess.PIPE) as process:
        process.stdout.readline()
        with pytest.raises(Refused):
            seal(folder)
        process.stdin.close()
        process.wait()


SOURCE = [{"cell_type": "markdown", "source": ["# Title"], "metadata": {}},
          {"cell_type": "code", "source": "a = 1", "metadata": {"tags": ["parameters"]}},
          {"cell_type": "code", "source": "print(a)", "metadata": {}},
          {"cell_type": "code", "source": "never()", "metadata": {}}]
RAN: list[dict[str, Any]] = [{"event": "cell", "source": "a = 1", "outputs": []},
       {"event": "cell", "source": "# Parameters\na = 2", "outputs": []},
       {"event": "cell", "source": "print(a)", "outputs": [{"output_type": "stream", "name": "stdout", "text": "2\n"}]}]


def test_the_executed_notebook_is_valid_and_puts_outputs_and_injected_cells_in_place():
    made = executed_notebook(RAN, SOURCE)
    nbformat.validate(made)
    sources = [cell["source"] for cell in made["cells"]]
    assert sources == ["# Title", "a = 1", "# Parameters\na = 2", "print(a)", "never()"]
    assert made["cells"][3]["outputs"][0]["text"] == "2\n"
    assert made["cells"][4]["execution_count"] is None


def test_a_cell_run_again_in_jupyterlab_keeps_its_last_outputs():
    again = {"event": "cell", "source": "print(a)", "outputs": [{"output_type": "stream", "text": "3\n"}]}
    made = executed_notebook([*RAN, again], SOURCE)
    assert len(made["cells"]) == 5
    assert made["cells"][3]["outputs"][0]["text"] == "3\n"
