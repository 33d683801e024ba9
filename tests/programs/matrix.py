"""Which crash programs there are, and in which ways each is built.

A `Case` is a program built in one way. Every program is built with gcc at -O0 and -O2; the others ways of building (`VARIANTS`)
apply to a few programs that have something to show in them.
"""

from pathlib import Path
from signal import SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP, Signals
from typing import NamedTuple

SOURCES = Path(__file__).parent


class Program(NamedTuple):
    """A source file and how it dies. `flags` are needed to build it at all; `stack_kb` limits its main stack; `levels` are the
    optimisation levels that make sense for it; `library` is a second source, built as a shared library beside the program."""

    name: str
    source: str
    signal: Signals = SIGSEGV
    flags: tuple[str, ...] = ()
    stack_kb: int = 8192
    levels: tuple[str, ...] = ("O0", "O2")
    library: str | None = None

    @property
    def cxx(self) -> bool:
        """Whether it is C++."""
        return self.source.endswith(".cpp")


class Variant(NamedTuple):
    """A way of building: `compiler` is gcc or clang (their C++ drivers are derived), `after` names steps of `build.AFTER`
    that change the linked file."""

    name: str
    compiler: str = "gcc"
    flags: tuple[str, ...] = ("-g", "-O0")
    after: tuple[str, ...] = ()


class Case(NamedTuple):
    """One executable and its one crash."""

    program: Program
    variant: Variant

    @property
    def name(self) -> str:
        """`c/structs@gcc-O2`: what test ids and reports show."""
        return f"{self.program.name}@{self.variant.name}"


def _c(name: str, signal: Signals = SIGSEGV, *flags: str, stack_kb: int = 8192, library: str | None = None) -> Program:
    return Program(f"c/{name}", f"c/{name}.c", signal, flags, stack_kb, library=library)


def _threads(count: int) -> Program:
    return Program(f"c/threads-{count}", "c/threads.c", SIGSEGV, (f"-DTHREADS={count}",))


def _cxx(name: str, signal: Signals = SIGSEGV, *flags: str) -> Program:
    return Program(f"cpp/{name}", f"cpp/{name}.cpp", signal, flags)


PROGRAMS: tuple[Program, ...] = (
    _c("scalars"),
    _c("int128"),
    _c("enums"),
    _c("bitfields"),
    _c("structs"),
    _c("unions"),
    _c("arrays"),
    _c("pointers"),
    _c("function_pointers"),
    _c("strings"),
    _c("vla"),
    _c("scopes"),
    _c("recursion"),
    _c("stack_overflow", stack_kb=256),
    _c("stack_overflow_thread"),
    _threads(3),
    _threads(16),
    _threads(500),
    _c("tls"),
    _c("handler_crash"),
    _c("handler_abort", SIGABRT),
    _c("sigaltstack", SIGABRT, stack_kb=256),
    _c("longjmp"),
    _c("tail_call"),
    _c("noreturn"),
    _c("inlined"),
    _c("cold_part"),
    _c("frame_in_library"),
    _c("divide", SIGFPE),
    _c("illegal", SIGILL),
    _c("privileged"),
    _c("null_call"),
    _c("wild_jump"),
    _c("bad_return", SIGSEGV, "-fno-stack-protector"),
    _c("non_canonical"),
    _c("misaligned"),
    _c("truncated_mapping", SIGBUS),
    _c("seccomp", SIGSYS),
    _c("assertion", SIGABRT),
    _c("aborts", SIGABRT),
    _c("raise_thread", SIGQUIT),
    _c("breakpoint", SIGTRAP),
    _c("execute_data"),
    _c("dynamic_library", library="c/plugin.c"),
    _c("double_free", SIGABRT),
    _c("stack_smash", SIGABRT, "-fstack-protector-strong"),
    _cxx("classes"),
    _cxx("inheritance"),
    _cxx("templates"),
    _cxx("lambdas"),
    _cxx("namespaces"),
    _cxx("uncaught", SIGABRT),
    _cxx("noexcept_violation", SIGABRT),
    _cxx("references"),
    _cxx("strings"),
    _cxx("sequences"),
    _cxx("maps"),
    _cxx("vocabulary"),
    _cxx("smart_pointers"),
    _cxx("functions"),
    _cxx("pure_virtual", SIGABRT),
    _cxx("threads"),
    _cxx("algorithms"),
    _cxx("library_types"),
    _cxx("members"),
    _cxx("nested_types"),
    _cxx("optimized"),
)

O0 = ("-g", "-O0")
O2 = ("-g", "-O2")
GCC_O0 = Variant("gcc-O0")
GCC_O2 = Variant("gcc-O2", flags=O2)
CLANG_O0 = Variant("clang-O0", "clang", O0)
CLANG_O2 = Variant("clang-O2", "clang", O2)
LIBCXX_O0 = Variant("libc++-O0", "clang", (*O0, "-stdlib=libc++"))
LIBCXX_O2 = Variant("libc++-O2", "clang", (*O2, "-stdlib=libc++"))
DEBUG = Variant("gcc-Og", flags=("-g3", "-Og"))
NO_PIE = Variant("no-pie", flags=(*O2, "-no-pie", "-fno-pie"))
STATIC = Variant("static", flags=(*O0, "-static"))
STATIC_PIE = Variant("static-pie", flags=(*O0, "-static-pie"))
DEBUGLINK = Variant("debuglink", flags=O2, after=("debuglink",))
NO_BUILD_ID = Variant("no-build-id", flags=(*O0, "-Wl,--build-id=none"))
DWARF4 = Variant("dwarf4", flags=(*O2, "-gdwarf-4"))
TYPE_UNITS = Variant("type-units", flags=(*O0, "-fdebug-types-section"))
GZ = Variant("gz", flags=(*O0, "-gz=zlib"))
DWZ = Variant("dwz", flags=O2, after=("dwz",))
DWZ_SHARED = Variant("dwz-shared", flags=O2, after=("dwz-shared",))
SPLIT = Variant("split-dwarf", flags=(*O2, "-gsplit-dwarf"))
SPLIT_CLANG = Variant("clang-split-dwarf4", "clang", (*O0, "-gsplit-dwarf", "-gdwarf-4"))
OMIT = Variant("omit-frame-pointer", flags=(*O0, "-fomit-frame-pointer"))
DEBUG_FRAME = Variant("debug-frame", flags=(*O2, "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"))
NO_CFI = Variant("frame-pointer-only", flags=("-O1", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"))
NO_DEBUG = Variant("no-debug", flags=("-O2",))
STRIPPED = Variant("stripped", flags=("-O2", "-s"))
OLD_ABI = Variant("old-abi", flags=(*O0, "-D_GLIBCXX_USE_CXX11_ABI=0"))
LTO = Variant("lto", flags=(*O2, "-flto"))

VARIANTS: dict[Variant, tuple[str, ...]] = {
    CLANG_O0: tuple(
        "c/scalars c/enums c/bitfields c/structs c/unions c/arrays c/pointers c/strings c/vla c/tls c/inlined c/handler_crash "
        "cpp/classes cpp/inheritance cpp/templates cpp/lambdas cpp/namespaces cpp/references cpp/members cpp/sequences".split()
    ),
    CLANG_O2: tuple(
        "c/scalars c/bitfields c/structs c/arrays c/pointers c/tail_call c/inlined c/noreturn c/vla c/threads-3 "
        "cpp/classes cpp/inheritance cpp/lambdas cpp/references cpp/optimized cpp/algorithms cpp/uncaught".split()
    ),
    LIBCXX_O0: tuple("cpp/strings cpp/sequences cpp/maps cpp/vocabulary cpp/smart_pointers cpp/functions cpp/uncaught".split()),
    LIBCXX_O2: ("cpp/nested_types",),
    DEBUG: ("c/structs", "c/inlined", "cpp/members", "cpp/templates"),
    NO_PIE: ("c/structs", "c/tls", "c/null_call", "cpp/classes"),
    STATIC: ("c/structs", "c/tls", "c/threads-3", "c/aborts", "cpp/members"),
    STATIC_PIE: ("c/structs", "c/tls", "cpp/classes"),
    DEBUGLINK: ("c/structs", "c/inlined", "cpp/classes", "cpp/strings"),
    NO_BUILD_ID: ("c/structs", "cpp/members"),
    DWARF4: ("c/bitfields", "c/structs", "c/inlined", "c/vla", "cpp/inheritance", "cpp/lambdas", "cpp/sequences", "cpp/optimized"),
    TYPE_UNITS: ("c/structs", "cpp/inheritance", "cpp/templates"),
    GZ: ("c/structs", "cpp/classes"),
    DWZ: ("c/structs", "cpp/templates", "cpp/maps"),
    DWZ_SHARED: ("c/structs", "cpp/strings"),
    SPLIT: ("c/structs", "c/inlined", "cpp/classes", "cpp/templates"),
    SPLIT_CLANG: ("c/structs", "cpp/members"),
    OMIT: ("c/structs", "c/recursion", "c/handler_abort"),
    DEBUG_FRAME: ("c/recursion", "c/structs"),
    NO_CFI: ("c/recursion", "c/structs"),
    NO_DEBUG: ("c/recursion", "cpp/namespaces", "cpp/templates"),
    STRIPPED: ("c/recursion", "cpp/members"),
    OLD_ABI: ("cpp/strings", "cpp/maps"),
    LTO: ("c/inlined", "cpp/members"),
}


def cases() -> tuple[Case, ...]:
    """Every case, in a fixed order."""
    by_name = {program.name: program for program in PROGRAMS}
    everywhere = [Case(program, variant) for program in PROGRAMS for variant in (GCC_O0, GCC_O2) if variant.name[-2:] in program.levels]
    chosen = [Case(by_name[name], variant) for variant, names in VARIANTS.items() for name in names]
    return (*everywhere, *chosen)


def case(name: str) -> Case:
    """The case of that name; `KeyError`."""
    return {each.name: each for each in cases()}[name]
