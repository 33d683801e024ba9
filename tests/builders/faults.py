"""Fault documents made by hand: one of each kind that the report, the page and the viewer must show well."""

from typing import Any

from obit.snapshot.model import (
    Access,
    Evidence,
    Fault,
    Frame,
    Heap,
    HeapFinding,
    Instruction,
    Mapping,
    MemoryBlock,
    Missing,
    Module,
    Signal,
    SourceLine,
    Thread,
    Variable,
)

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
TOTAL = (
    "shop::Pricing::total<std::vector<Item, std::allocator<Item> > >(std::vector<Item, std::allocator<Item> > const&, shop::Currency) const"
)
SHOP = "/srv/shop/bin/shop-cart"


def variable(name: str, type: str, value: str | None, *children: Variable, **more: Any) -> Variable:
    """A local variable unless `kind=` says otherwise."""
    return Variable(name=name, kind=more.pop("kind", "local"), type=type, value=value, children=children, **more)


def frame(function: str | None, file: str | None = None, line: int | None = None, *variables: Variable, **more: Any) -> Frame:
    """A frame of the program SHOP unless `module=` says otherwise."""
    module = more.pop("module", SHOP)
    offset = more.pop("offset", 0x11A9)
    base = 0x7F1200000000 if module == LIBC else 0x55D0C0000000
    return Frame(
        pc=f"0x{base + offset:x}",
        module=module,
        build_id="b1" * 20,
        offset=f"0x{offset:x}",
        function=function,
        file=file,
        line=line,
        variables=variables,
        **more,
    )


def libc_frame(function: str | None, offset: int = 0x8A000) -> Frame:
    """A frame in a libc without debug information."""
    return frame(function, module=LIBC, offset=offset)


def fault(threads: tuple[Thread, ...], **fields: Any) -> Fault:
    """A fault with everything that these tests do not care about filled in."""
    defaults: dict[str, Any] = {
        "id": "3f2a91c07b5e4d1f8a6b2c3d4e5f6071",
        "captured_at": "2025-11-20T14:02:11Z",
        "source": "ptrace",
        "signal": Signal(number=11, name="SIGSEGV", code=1, code_name="SEGV_MAPERR", address="0x10"),
        "message": None,
        "explanation": "The program crashed.",
        "classifiers": ("memory.read",),
        "fingerprint": "ab" * 32,
        "strict_fingerprint": "cd" * 32,
        "fingerprint_frames": ("main",),
        "quality": 100,
        "threads": threads,
        "process": {"pid": 4711, "exe": SHOP, "cmdline": [SHOP, "--port", "8080"], "uid": 1000, "gid": 1000, "ppid": 1, "age": 11530.2},
        "host": {"name": "web-07", "kernel": "6.1.0-18-amd64", "machine": "x86_64"},
        "modules": (
            Module(path=SHOP, build_id="b1" * 20, start="0x55d0c0000000", end="0x55d0c0010000", debug="full"),
            Module(path=LIBC, build_id="c2" * 20, start="0x7f1200000000", end="0x7f1200200000", package="libc6", version="2.36-9"),
        ),
    }
    return Fault(**(defaults | fields))


def source(first: int, *lines: str) -> tuple[SourceLine, ...]:
    """Numbered source lines."""
    return tuple(SourceLine(line=first + index, text=text) for index, text in enumerate(lines))


def null_read() -> Fault:
    """A C program that read a member through a null pointer; three threads."""
    cart = variable(
        "cart",
        "struct cart *",
        "0x55d0c3e0a010",
        variable("owner", "struct account *", "0x0", kind="member", tags=("null",)),
        variable("count", "int", "3", kind="member"),
        variable(
            "items",
            "struct item [3]",
            None,
            variable("[0]", "struct item", None, variable("id", "int", "17", kind="member"), kind="element"),
            kind="member",
        ),
        kind="argument",
        address="0x7ffd2c6e1a80",
    )
    code = variable(
        "code",
        "const struct code *",
        "0x7ffd2c6e1a90",
        variable("name", "const char *", '0x55d0c0002004 "SPRING"', kind="member"),
        variable("percent", "int", "15", kind="member"),
        kind="argument",
    )
    crashed = Thread(
        tid=4711,
        name="worker-3",
        crashed=True,
        state="R",
        frames=(
            frame(
                "apply_discount",
                "/srv/build/shop/src/cart.c",
                41,
                cart,
                code,
                variable("total", "long", "2599"),
                variable("rest", "long", None, status="optimized-out"),
                trust="context",
                column=27,
                source=source(
                    39,
                    "    if (code->percent > 100)",
                    "        return -1;",
                    "    cart->owner->balance -= total * code->percent / 100;",
                    "    return 0;",
                ),
                disassembly=(
                    Instruction(address="0x55d0c00011a5", text="mov rax, qword ptr [rdi]", bytes="488b07"),
                    Instruction(address="0x55d0c00011a9", text="mov rdx, qword ptr [rax + 0x10]", bytes="488b5010", current=True),
                ),
            ),
            frame("checkout", "/srv/build/shop/src/cart.c", 88, variable("session", "struct session *", "0x55d0c3e0b2c0"), offset=0x1388),
            frame("handle_request", "/srv/build/shop/src/server.c", 131, variable("fd", "int", "7"), offset=0x1A21),
            frame("main", "/srv/build/shop/src/main.c", 22, offset=0x2001),
            libc_frame("__libc_start_call_main", 0x27249),
            libc_frame("__libc_start_main", 0x27304),
            frame("_start", offset=0x1090),
        ),
        registers={"rax": "0x0", "rdi": "0x55d0c3e0a010", "rsp": "0x7ffd2c6e1a60", "rip": "0x55d0c00011a9"},
    )
    waiting = (
        libc_frame("epoll_wait", 0x10A2C3),
        frame("loop", "/srv/build/shop/src/server.c", 60),
        libc_frame("start_thread"),
        libc_frame("clone3", 0x10A000),
    )
    return fault(
        (crashed, Thread(tid=4712, name="worker-4", frames=waiting), Thread(tid=4713, name="worker-5", frames=waiting)),
        explanation="apply_discount() read through `cart->owner`, which is null.",
        classifiers=("null", "memory.read"),
        access=Access(kind="read", address="0x10", operand="[rax + 0x10]", instruction="mov rdx, qword ptr [rax + 0x10]"),
        evidence=(
            Evidence(classifier="null", confidence="certain", text="the operand [rax + 0x10] has base rax = 0x0"),
            Evidence(classifier="null", confidence="likely", text="`cart->owner` at 0x55d0c3e0a010 holds 0x0 and was loaded into rax"),
        ),
        severity="not-exploitable",
        fingerprint_frames=("apply_discount", "checkout", "handle_request", "main"),
        quality=92,
        quality_reasons=("libc.so.6 has no debug information",),
        attributes={"team": "blue", "release": "4.2.1"},
        mappings=(
            Mapping(start="0x55d0c0000000", end="0x55d0c0010000", flags="r-xp", path=SHOP),
            Mapping(start="0x7ffd2c6c3000", end="0x7ffd2c6e4000", flags="rw-p", path="[stack]"),
        ),
        memory=(MemoryBlock(label="stack", address="0x7ffd2c6e1a60", bytes="10a0e0c3d0550000" + "00" * 16 + "535052494e470041"),),
        missing=(Missing(what="debug information of libc.so.6", why="no debug file with its build-id", fix="apt-get install libc6-dbg"),),
    )


def cxx_exception() -> Fault:
    """A C++ program that no handler stopped; the message spans two lines."""
    basket = variable(
        "basket",
        "const std::vector<Item, std::allocator<Item> > &",
        "2 elements",
        variable(
            "[0]",
            "Item",
            None,
            variable("name", "std::string", '"tea"', kind="member"),
            variable("price", "double", "3.5", kind="member"),
            kind="element",
        ),
        variable(
            "[1]",
            "Item",
            None,
            variable("name", "std::string", '"日本語のお茶"', kind="member"),
            variable("price", "double", "-1", kind="member"),
            kind="element",
        ),
        kind="argument",
    )
    frames = (
        libc_frame("__pthread_kill_implementation", 0x8AE3C),
        libc_frame("raise", 0x3BFB2),
        libc_frame("abort", 0x26472),
        frame("__gnu_cxx::__verbose_terminate_handler()", module="/usr/lib/x86_64-linux-gnu/libstdc++.so.6", offset=0x9D919),
        frame("std::terminate()", module="/usr/lib/x86_64-linux-gnu/libstdc++.so.6", offset=0xA8E1A),
        frame("__cxa_throw", module="/usr/lib/x86_64-linux-gnu/libstdc++.so.6", offset=0xA90E9),
        frame(
            TOTAL,
            "/srv/build/shop/src/pricing/pricing.cpp",
            57,
            variable(
                "this",
                "const shop::Pricing *",
                "0x7ffd2c6e1b00",
                variable("rates_", "std::map<std::string, double>", "3 elements", kind="member"),
                kind="argument",
            ),
            basket,
            variable("currency", "shop::Currency", "shop::Currency::EUR", kind="argument"),
            source=source(
                55,
                "    for (const Item &item : basket)",
                "        if (item.price < 0)",
                '            throw std::invalid_argument("negative price:\\n" + item.name);',
            ),
        ),
        frame("main", "/srv/build/shop/src/main.cpp", 12, offset=0x2001),
        libc_frame("__libc_start_call_main", 0x27249),
        frame("_start", offset=0x1090),
    )
    return fault(
        (Thread(tid=900, name="pricing", crashed=True, frames=frames),),
        signal=Signal(number=6, name="SIGABRT", code=-6, code_name="SI_TKILL", sender_pid=900),
        message="std::invalid_argument: negative price:\n日本語のお茶",
        explanation="shop::Pricing::total() threw std::invalid_argument and nothing caught it: the C++ runtime ended the program.",
        classifiers=("uncaught-exception", "abort"),
        evidence=(Evidence(classifier="uncaught-exception", confidence="certain", text="std::terminate() was called from __cxa_throw"),),
        severity="not-exploitable",
        fingerprint_frames=("shop::Pricing::total", "main"),
        process={"pid": 900, "exe": "/srv/shop/bin/pricing", "cmdline": ["/srv/shop/bin/pricing"]},
        heap=Heap(
            allocator="glibc",
            version="2.36",
            findings=(HeapFinding(kind="summary", confidence="certain", text="12 chunks in 1 arena, all sound"),),
        ),
    )


def failed_assert() -> Fault:
    """assert() in a function with many variables."""
    many = tuple(variable(f"counter_{index}", "unsigned int", str(index * 11)) for index in range(30))
    frames = (
        libc_frame("__pthread_kill_implementation", 0x8AE3C),
        libc_frame("raise", 0x3BFB2),
        libc_frame("abort", 0x26472),
        libc_frame("__assert_fail_base", 0x26395),
        libc_frame("__assert_fail", 0x34EC2),
        frame(
            "settle",
            "src/ledger.c",
            210,
            variable("balance", "long", "-40", kind="argument"),
            variable("note", "char [4096]", '"' + "x" * 300 + '"'),
            *many,
            source=source(209, "    long after = balance - fee;", "    assert(balance >= 0);"),
        ),
        frame("main", "src/main.c", 9, offset=0x2001),
    )
    return fault(
        (Thread(tid=33, name="ledger", crashed=True, frames=frames),),
        signal=Signal(number=6, name="SIGABRT", code=-6, code_name="SI_TKILL", sender_pid=33),
        message="ledger: src/ledger.c:210: settle: Assertion `balance >= 0' failed.",
        explanation="settle() stopped the program because the assertion `balance >= 0` does not hold: balance is -40.",
        classifiers=("assert", "abort"),
        evidence=(Evidence(classifier="assert", confidence="certain", text="the message was built by __assert_fail"),),
        fingerprint_frames=("settle", "main"),
        process={"pid": 33, "exe": "/usr/bin/ledger", "cmdline": ["ledger"]},
    )


def stack_overflow() -> Fault:
    """Mutual recursion, 40,000 frames deep: the first 256 and the last 64 are in the document."""
    pair = (
        frame("parse_list", "src/parse.c", 31, variable("depth", "int", "19999", kind="argument"), offset=0x1200),
        frame("parse_value", "src/parse.c", 58, variable("text", "const char *", '0x7f00 "[[[[[["', kind="argument"), offset=0x1300),
    )
    ends = (frame("main", "src/main.c", 5, offset=0x2001), libc_frame("__libc_start_call_main", 0x27249))
    deep = Thread(tid=77, name="parser", crashed=True, frames_omitted=39680, frames=pair * 128 + pair * 31 + ends)
    return fault(
        (deep,),
        explanation="parse_list() and parse_value() called each other about 20,000 times until the 8 MB stack was full.",
        classifiers=("stack-overflow", "memory.write"),
        access=Access(kind="stack", address="0x7ffd2b8e3ff8", operand="[rsp - 8]", instruction="call parse_value"),
        evidence=(
            Evidence(classifier="stack-overflow", confidence="certain", text="rsp 0x7ffd2b8e4000 is 0 bytes from the end of the stack"),
        ),
        fingerprint_frames=("parse_list", "parse_value"),
        process={"pid": 77, "exe": "/usr/bin/parser", "cmdline": ["parser", "deep.json"]},
    )


def many_threads(count: int = 500) -> Fault:
    """A pool: most wait in the same place, a few elsewhere, one has crashed."""
    one = null_read()
    crashed = one.threads[0]
    idle = one.threads[1].frames
    busy = (frame("hash_block", "src/hash.c", 12, variable("i", "int", "5")), frame("worker", "src/pool.c", 30), libc_frame("start_thread"))
    others = tuple(
        Thread(tid=5000 + index, name=f"pool-{index}", frames=busy if index % 50 == 0 else idle, registers=crashed.registers)
        for index in range(count - 1)
    )
    return fault((crashed, *others), explanation=one.explanation, classifiers=one.classifiers, fingerprint_frames=one.fingerprint_frames)


def no_debug_information() -> Fault:
    """A stripped program: modules and offsets are all there is."""
    frames = (
        frame(None, trust="context", offset=0x11A9),
        frame(None, offset=0x1388),
        frame(None, offset=0x2001, trust="scan"),
        libc_frame("__libc_start_call_main", 0x27249),
    )
    return fault(
        (Thread(tid=12, crashed=True, frames=frames),),
        explanation="The program wrote to address 0x55d0c3e0a010, which is not mapped.",
        classifiers=("memory.write",),
        access=Access(kind="write", address="0x55d0c3e0a010", operand="[rax]", instruction="mov dword ptr [rax], edx"),
        fingerprint_frames=("shop-cart+0x11a9",),
        quality=35,
        quality_reasons=("the program has no debug information", "a frame was found by scanning the stack"),
        missing=(
            Missing(
                what="functions and variables of shop-cart",
                why="the file has no debug information and no symbols",
                fix=f"obit analyze CORE --exe {SHOP}.debug",
            ),
            Missing(what="debug information of libc.so.6", why="no debug file with its build-id", fix="apt-get install libc6-dbg"),
            Missing(what="environment", why="the core does not hold it"),
        ),
    )


def nothing() -> Fault:
    """All that could be had is that something died."""
    return Fault(
        id="00000000000000000000000000000000",
        captured_at="2025-11-20T14:02:11Z",
        source="import",
        signal=None,
        message=None,
        explanation="A core without notes: nothing is known of the process.",
        classifiers=("killed",),
        fingerprint="00" * 32,
        strict_fingerprint="00" * 32,
        fingerprint_frames=("unknown",),
        quality=0,
        process={"pid": 0},
        missing=(Missing(what="threads", why="the core has no NT_PRSTATUS note"),),
    )


def hostile() -> Fault:
    """A program that named everything so as to take over the reader's terminal or browser."""
    attack = "\x1b]0;owned\x07\x1b[2J<script>alert(1)</script>\u202e\r\n"
    bad = variable(attack, attack, attack, variable(attack, attack, attack, kind="member", tags=(attack,)))
    frames = (frame(attack, attack, 1, bad, module=attack, source=source(1, attack)),)
    return fault(
        (
            Thread(tid=1, name=attack, crashed=True, frames=frames, registers={attack: "0x0"}),
            Thread(tid=2, name=attack, state=attack, frames=frames),
        ),
        message=attack,
        explanation=attack,
        signal=Signal(number=11, name=attack, code_name=attack),
        classifiers=(attack,),
        evidence=(Evidence(classifier=attack, confidence="certain", text=attack),),
        access=Access(kind="read", operand=attack, instruction=attack),
        fingerprint_frames=(attack,),
        quality=50,
        quality_reasons=(attack,),
        attributes={attack: attack},
        modules=(Module(path=attack, build_id=attack, start="0x0", end="0x1"),),
        mappings=(Mapping(start="0x0", end="0x1", flags=attack, path=attack),),
        heap=Heap(allocator=attack, findings=(HeapFinding(kind=attack, confidence="hint", text=attack),)),
        process={"pid": 1, "exe": attack, "cmdline": [attack], "environ": {attack: attack}, attack: attack},
        host={"name": attack, attack: attack},
        missing=(Missing(what=attack, why=attack, fix=attack),),
    )


ALL = {
    "null-read": null_read,
    "cxx-exception": cxx_exception,
    "failed-assert": failed_assert,
    "stack-overflow": stack_overflow,
    "many-threads": many_threads,
    "no-debug-information": no_debug_information,
    "nothing": nothing,
    "hostile": hostile,
}
