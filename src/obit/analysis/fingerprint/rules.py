"""What a frame is to a fingerprint: the ordered rules. Anchored on the whole name and the module, never on a part of a name.

The first rule that matches decides. Change a rule, and `VERSION` changes with it: the keys do too.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

VERSION = 1

Role = Literal["own", "start", "exit", "library", "nowhere"]
"""own: the program's code. start: below main and below a thread's function. exit: ends the process or throws; nothing above it counts.
library: std::, allocation, libc and unwinder internals; skipped while an own frame follows. nowhere: no module and no name."""


class Seen(NamedTuple):
    """A frame as the rules see it: the normalised name (empty when unknown), the module's name without path and version ("" when in
    none), and whether the name can be the C library's: in a library of the system, or in a program that holds libc itself."""

    name: str
    module: str
    system: bool


class Rule(NamedTuple):
    """`matches` decides whether the rule applies."""

    text: str
    role: Role
    matches: Callable[[Seen], bool]


_SYSTEM_MODULES = frozenset(
    """
    libc libpthread libm libdl librt libresolv libnsl libanl libutil libgcc_s libstdc++ libc++ libc++abi libunwind libsupc++ ld ld64
    libasan libtsan libubsan liblsan libSegFault linux-vdso linux-gate [vdso] vdso
    """.split()
)
_SYSTEM_PREFIXES = ("ld-linux", "ld-musl-", "libc.musl-", "libclang_rt.", "libobit")

_START = frozenset(
    """
    _start __libc_start_main __libc_start_main_impl __libc_start_call_main _dl_start_user generic_start_main start_thread
    clone clone3 __clone __clone3 thread_start __clone_internal
    """.split()
)

_EXIT = frozenset(
    """
    abort raise gsignal __pthread_kill __pthread_kill_implementation __pthread_kill_internal pthread_kill tgkill kill
    syscall __libc_message __libc_fatal __assert_fail __assert_fail_base __assert_perror_fail __assert __libc_assert_fail
    __malloc_assert __stack_chk_fail __fortify_fail __fortify_fail_abort __chk_fail malloc_printerr __libc_message_impl
    """.split()
)

_UNDERSCORED_EXIT = frozenset(
    """
    __cxa_throw __cxa_rethrow __cxa_pure_virtual __cxa_deleted_virtual __cxa_call_unexpected __cxa_call_terminate
    __cxa_bad_cast __cxa_throw_bad_array_new_length __gxx_personality_v0 _Unwind_RaiseException _Unwind_Resume
    __clang_call_terminate
    """.split()
)

_LIBRARY = frozenset(
    """
    malloc calloc realloc free memalign aligned_alloc posix_memalign cfree _int_malloc _int_free _int_realloc
    _int_free_merge_chunk unlink_chunk malloc_consolidate tcache_get tcache_put systrim sysmalloc munmap_chunk
    malloc_usable_size _IO_new_file_xsputn memcpy memmove memset memcmp memchr memrchr strlen strnlen strcpy strncpy strcat
    strncat strcmp strncmp strcasecmp strncasecmp strchr strrchr strstr strdup strndup strtol strtoul strtod wcslen wcscpy
    wmemset printf fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf puts fputs fwrite fread fgets fclose fopen
    fflush qsort qsort_r msort_with_tmp bsearch exit __run_exit_handlers __cxa_finalize _dl_fini __restore_rt __kernel_rt_sigreturn
    """.split()
)

_CXX_LIBRARY = ("std::", "__gnu_cxx::", "__cxxabiv1::", "__cxa_", "_Unwind_", "operator new", "operator delete", "__gxx_")
_CXX_EXIT = (
    "std::terminate",
    "__cxxabiv1::__terminate",
    "__gnu_cxx::__verbose_terminate_handler",
    "std::unexpected",
    "std::__glibcxx_assert_fail",
)


@lru_cache(1024)
def is_system_module(name: str) -> bool:
    """Whether a module (its name without path and version) is the C, C++ or unwinding runtime."""
    base = name.removesuffix(".so")
    return base in _SYSTEM_MODULES or base.startswith(_SYSTEM_PREFIXES)


_RUST_CRATES = ("std::", "panic_abort::", "panic_unwind::", "__rustc::", "__rust_", "hashbrown::")
_RUST_MODULES = {
    "core": frozenset(
        "alloc array cell char cmp convert default fmt intrinsics iter mem num ops option panic panicking ptr result slice str".split()
    ),
    "alloc": frozenset("alloc borrow boxed collections fmt raw_vec rc slice str string sync vec".split()),
}
"""Modules of crates whose names a C++ program may have for a namespace."""
_RUST_EXIT = (
    "core::panicking::panic_fmt",
    "core::panicking::panic_nounwind_fmt",
    "std::panicking::panic_with_hook",
    "std::panicking::begin_panic",
)
_RUST_PRIMITIVE = frozenset("u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char str dyn".split())


_GO_RUNTIME = ("runtime.", "internal/runtime/")
"""Packages of Go's runtime. A C function has no dot in its normal name."""
_GO_EXIT = frozenset("runtime.gopanic runtime.sigpanic runtime.throw runtime.fatalthrow runtime.fatalpanic".split())
_GO_START = frozenset("runtime.main runtime.goexit runtime.rt0_go runtime.mstart runtime.mstart0 runtime.mstart1".split())


def _is_rust_library(name: str) -> bool:
    """Rust's own crates, also as the type of `<T as Trait>::method`."""
    if name.startswith("<"):
        name = name.lstrip("<&*[(").removeprefix("mut ").removeprefix("const ").removeprefix("dyn ")
        if name.partition(" ")[0].rstrip("]>") in _RUST_PRIMITIVE:
            return True
    crate, _, rest = name.partition("::")
    if crate in _RUST_MODULES:
        return rest.partition("::")[0] in _RUST_MODULES[crate]
    return name.startswith(_RUST_CRATES)


RULES: tuple[Rule, ...] = (
    Rule("no module and no name", "nowhere", lambda seen: not seen.name and not seen.module),
    Rule("the process's or a thread's first functions", "start", lambda seen: seen.system and seen.name in _START),
    Rule("_start of the program", "start", lambda seen: seen.name == "_start"),
    Rule("functions that end the process", "exit", lambda seen: seen.system and seen.name in _EXIT),
    Rule("the stack protector's and fortify's functions", "exit", lambda seen: seen.name in _EXIT and seen.name.startswith("__")),
    Rule("functions that throw or give up on an exception", "exit", lambda seen: seen.name in _UNDERSCORED_EXIT),
    Rule(
        "terminate and the standard library's checks", "exit", lambda seen: seen.name in _CXX_EXIT or seen.name.startswith("std::__throw_")
    ),
    Rule("Rust's panic", "exit", lambda seen: seen.name in _RUST_EXIT),
    Rule("Rust's library", "library", lambda seen: _is_rust_library(seen.name)),
    Rule("Go's first functions", "start", lambda seen: seen.name in _GO_START),
    Rule("Go's panic", "exit", lambda seen: seen.name in _GO_EXIT),
    Rule("Go's runtime", "library", lambda seen: seen.name.startswith(_GO_RUNTIME)),
    Rule("C++ library, allocation operators and runtime", "library", lambda seen: seen.name.startswith(_CXX_LIBRARY)),
    Rule("a module of the system", "library", lambda seen: is_system_module(seen.module)),
    Rule(
        "the C library inside a static program",
        "library",
        lambda seen: seen.system and (seen.name in _LIBRARY or seen.name.startswith("__libc_")),
    ),
    Rule("everything else", "own", lambda _seen: True),
)


@lru_cache(4096)
def role_of(seen: Seen) -> Role:
    """The role that the first matching rule gives."""
    return next(rule.role for rule in RULES if rule.matches(seen))
