"""A child that behaves as the case says: ``{"does": "hang"}``. Imports nothing heavy."""

import json
import os
import subprocess
import sys
import time


def say(**answer):
    os.write(RESULT, json.dumps(answer).encode() + b"\n")


def ok(**values):
    say(values=values)
    say(done={"status": "ok"})


def segfault():
    import ctypes

    say(phase="link")
    ctypes.string_at(0)


def hang():
    say(phase="rewrite")
    time.sleep(600)


def hang_with_children():
    """Hang, with a child in the group and one that left it; their ids stand in a file."""
    children = [
        subprocess.Popen(["sleep", "600"], start_new_session=leave) for leave in (False, True)
    ]
    with open(case["pids"], "w") as file:
        json.dump([child.pid for child in children], file)
    hang()


def hang_beside_an_orphan():
    """Hang, beside a process of the group whose parent is gone, so that it is no child of ours."""
    shell = ["sh", "-c", 'sleep 600 & echo "[$!]" > "$0"', case["pids"]]
    subprocess.run(shell, check=True)
    hang()


def overeat():
    say(values={"build_s": 0.5})
    say(phase="grad")
    eaten = []
    while True:
        eaten.append(b"x" * 20_000_000)
        time.sleep(0.02)


def overeat_in_a_child():
    subprocess.run([sys.executable, "-c", "x = b'x' * 300_000_000; import time; time.sleep(600)"])


def print_megabytes():
    for _ in range(200):
        os.write(1, b"y" * 100_000 + b"\n")
        os.write(2, b"z" * 100_000 + b"\n")
    ok(prints=40)


def print_garbage():
    os.write(1, b'{"done": {"status": "ok"}}\xff\x00\n')
    ok(a=1)


def malformed():
    os.write(RESULT, b'{"done": {"status": "o\n')


def malformed_then_hang():
    malformed()
    time.sleep(600)


def says():
    """Whatever the case says."""
    for line in case["lines"]:
        os.write(RESULT, line.encode() + b"\n")


def binary():
    os.write(RESULT, bytes(range(256)) * 100 + b"\n")


def endless_answer():
    while True:
        os.write(RESULT, b"x" * 1_000_000)


def half_an_answer():
    os.write(RESULT, b'{"done": {"sta')


def unknown_status():
    say(done={"status": "fine"})


def a_list():
    os.write(RESULT, b"[1, 2]\n")


def silent():
    pass


def killed():
    os.kill(os.getpid(), 9)


def kill_parent():
    """Take down whoever runs this child; only the first time, where the case names a file."""
    if os.path.exists(case.get("once", "")):
        ok()
    else:
        with open(case.get("once", os.devnull), "w"):
            os.kill(os.getppid(), 9)


def when():
    """Say when this child began and ended, who runs it, and which file it was given."""
    begin = time.monotonic()
    time.sleep(0.2)
    with open(job["path"]) as file:
        text = file.read()
    ok(begin=begin, end=time.monotonic(), parent=os.getppid(), text=text)


def exit_3():
    print("Traceback\nImportError: no such thing")
    sys.exit(3)


def hang_after_done():
    ok(a=1)
    time.sleep(600)


def crash_after_done():
    ok(a=1)
    segfault()


def report():
    """Say what the child sees of its environment, and what its caches hold."""
    flags = dict(flag.split("=", 1) for flag in os.environ["PYTENSOR_FLAGS"].split(","))
    folder = flags["base_compiledir"]
    os.makedirs(folder, exist_ok=True)
    found = sorted(os.listdir(folder))
    with open(os.path.join(folder, job["state"]), "w"):
        pass
    ok(found=found, flags=flags, environment=dict(os.environ), python=sys.executable)


def log():
    with open(case["log"], "a") as file:
        file.write(f"{case['form']}{job['round']}{job['state'][0]} ")
    if case["form"] in case.get("fails", "") and job["state"] == "cold":
        sys.exit(1)
    ok()


if __name__ == "__main__":
    RESULT = int(sys.argv[sys.argv.index("--result-fd") + 1])
    job = json.load(sys.stdin)
    case = job["case"]
    say(machine={"blas": "fake"}, versions=case.get("versions", {"worker": "fake"}))
    globals()[case["does"]]()
