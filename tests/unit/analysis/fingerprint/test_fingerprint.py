"""Which crashes share a key: the same over builds, hosts, paths and depths of recursion; different for different bugs."""

import random

import msgspec
import pytest

from obit.analysis.fingerprint.fingerprint import fingerprint, normal_message, own_frame
from obit.snapshot.model import Frame
from tests.builders.crash import frame, stack_of

LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"
STDCXX = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30"


def chain(*frames: Frame) -> tuple[str, ...]:
    return fingerprint(frames).frames


def test_the_chain_is_the_programs_own_innermost_functions() -> None:
    found = fingerprint(stack_of("apply_discount", "checkout", "handle_request", "main"))
    assert found.frames == ("apply_discount", "checkout", "handle_request")
    assert (len(found.fingerprint), len(found.strict)) == (64, 64)


def test_libraries_are_skipped_while_an_own_frame_follows() -> None:
    frames = (
        frame("__strlen_avx2", LIBC, None),
        frame("std::char_traits<char>::length(char const*)"),
        frame("std::__cxx11::basic_string<char>::basic_string(char const*)", STDCXX),
        frame("operator new(unsigned long)"),
        frame("greet"),
        frame("qsort", LIBC, None),
        frame("main"),
    )
    assert chain(*frames) == ("greet", "main")


@pytest.mark.parametrize(
    "name",
    [
        "core::option::Option<&alloc::string::String>::unwrap<&alloc::string::String>",
        "core::panicking::panic_fmt",
        "<alloc::vec::Vec<T,A> as core::ops::index::Index<I>>::index",
        "<usize as core::slice::index::SliceIndex<[T]>>::index",
        "<[u8] as core::slice::index::SliceIndex<[T]>>::index",
        "<&mut core::fmt::Formatter as core::fmt::Write>::write_str",
        "__rustc::rust_begin_unwind",
    ],
)
def test_rusts_own_crates_are_skipped(name: str) -> None:
    assert chain(frame(name), *stack_of("shop::total", "shop::main")) == ("shop::total", "shop::main")


@pytest.mark.parametrize("name", ["core::Engine::run", "alloc::pool_take", "<shop::Cart as core::fmt::Debug>::fmt", "corelib::str::cut"])
def test_what_only_looks_like_rusts_is_the_programs(name: str) -> None:
    assert chain(*stack_of(name, "main"))[0] == name


def test_a_panic_hook_is_not_where_it_panicked() -> None:
    frames = (frame("hook"), frame("std::panicking::panic_with_hook"), *stack_of("shop::total", "main"))
    assert chain(*frames) == ("shop::total", "main")


@pytest.mark.parametrize(
    "name", ["free_list_pop", "new_order", "operator_table", "my_assert", "abort_upload", "raise", "stdio_open", "kill"]
)
def test_peoples_functions_are_never_skipped(name: str) -> None:
    assert chain(*stack_of(name, "main")) == (name, "main")


@pytest.mark.parametrize(
    "ending",
    [
        ("__pthread_kill_implementation", "raise", "abort"),
        ("raise", "abort", "__assert_fail_base", "__assert_fail"),
        ("raise", "abort", "__libc_message", "malloc_printerr", "_int_free", "free"),
        ("raise", "abort", "__libc_message", "__fortify_fail", "__stack_chk_fail"),
    ],
)
def test_what_ends_the_process_does_not_count(ending: tuple[str, ...]) -> None:
    frames = (*(frame(name, LIBC, None) for name in ending), *stack_of("take", "main"))
    assert chain(*frames) == ("take", "main")
    index = own_frame(frames)
    assert index is not None
    assert frames[index].function == "take"


def test_a_reporting_function_above_abort_does_not_hide_its_caller() -> None:
    frames = (
        frame("raise", LIBC),
        frame("abort", LIBC),
        frame("std::terminate()", STDCXX),
        frame("__cxa_throw", STDCXX),
        *stack_of("load"),
    )
    assert chain(*frames) == ("load",)


def test_beyond_a_signal_frame_nothing_ended_the_process() -> None:
    trampoline = frame("__restore_rt", LIBC, None, signal_frame=True)
    frames = (frame("crash"), frame("handler"), trampoline, frame("raise", LIBC, None), *stack_of("first_fault"))
    assert chain(*frames) == ("crash", "handler", "first_fault")


def test_keys_do_not_depend_on_build_host_or_path() -> None:
    one = stack_of("total", "main", module="/srv/shop-2.1/bin/shop")
    two = tuple(
        msgspec.structs.replace(each, pc="0x7f0000001234", offset="0x9999", build_id="cd" * 20, line=each.line and each.line + 5)
        for each in stack_of("total.part.0", "main", module="/opt/other/shop")
    )
    assert fingerprint(one, ("null",), executable="/srv/shop-2.1/bin/shop") == fingerprint(two, ("null",), executable="/opt/other/shop")


def test_the_classifier_and_the_outer_callers_are_in_the_strict_key_only() -> None:
    one = fingerprint(stack_of("a", "b", "c", "main"), ("null",))
    assert fingerprint(stack_of("a", "b", "c", "main"), ("memory.read",)).fingerprint == one.fingerprint
    assert fingerprint(stack_of("a", "b", "c", "main"), ("memory.read",)).strict != one.strict
    assert fingerprint(stack_of("a", "b", "c", "worker"), ("null",)).fingerprint == one.fingerprint
    assert fingerprint(stack_of("a", "b", "c", "worker"), ("null",)).strict != one.strict
    assert fingerprint(stack_of("a", "b", "d", "main"), ("null",)).fingerprint != one.fingerprint


@pytest.mark.parametrize("cycle", [["a"], ["a", "b"], ["a", "b", "c", "d", "e"]])
def test_the_depth_of_a_recursion_is_in_no_key(cycle: list[str]) -> None:
    keys = {fingerprint(stack_of("leaf", *cycle * times, "main"), ("null",)) for times in (1, 2, 3, 50)}
    assert len(keys) == 1


def test_where_a_stack_overflow_hit_is_in_no_key() -> None:
    rounds = ["expression", "term", "factor"] * 60
    keys = {fingerprint(stack_of(*rounds[start:], "main"), ("stack-overflow",)) for start in range(3)}
    keys |= {fingerprint(stack_of("log", *rounds, "main"), ("stack-overflow",))}
    assert {key.frames for key in keys} == {("expression", "term", "factor")}
    assert len({key.fingerprint for key in keys}) == 1


@pytest.mark.parametrize("seed", range(8))
def test_an_irregular_recursion_that_overflows_has_one_group(seed: int) -> None:
    calls = random.Random(seed).choices(["parse", "array", "object", "member"], k=250)
    found = fingerprint(stack_of("allocate", *calls, "main"), ("stack-overflow",))
    assert found.frames == ("array", "member", "object")


def test_a_program_without_names_is_told_apart_by_offsets() -> None:
    one = (frame(None, offset=0x1157), frame(None, offset=0x11C5))
    assert chain(*one) == ("shop+0x1157", "shop+0x11c5")
    assert fingerprint(one) != fingerprint((frame(None, offset=0x2000),))


def test_with_one_name_only_the_places_tell_faults_apart() -> None:
    browser = "/usr/lib/chromium/chromium"
    frames = (frame(None, browser, offset=0x10), frame(None, browser, offset=0x20), frame("ChromeMain", browser, None))
    assert chain(*frames) == ("chromium+0x10", "chromium+0x20", "ChromeMain")


def test_an_unnamed_frame_among_named_ones_counts_as_its_module() -> None:
    plugin = "/opt/plugins/libtax.so.3"
    assert chain(frame(None, plugin), frame("apply"), frame("main")) == ("libtax.so", "apply", "main")


def test_stacks_of_libraries_only_are_kept_apart_by_program() -> None:
    frames = (frame("poll", LIBC, None), frame("start_thread", LIBC, None), frame("clone3", LIBC, None))
    one, two = (fingerprint(frames, ("killed",), executable=f"/usr/bin/{name}") for name in ("shop", "bank"))
    assert one.frames == ("[shop]", "poll")
    assert one.fingerprint != two.fingerprint


def test_a_lost_pc_and_what_scanning_found_do_not_count() -> None:
    frames = (
        frame(None, None, None),
        frame("dispatch", trust="scan"),
        frame("main"),
        frame("left_over", trust="scan"),
    )
    assert fingerprint(frames, ("null", "wild-jump")).frames == ("dispatch", "main")
    in_data = (frame(None, offset=0x4010), frame("call", trust="scan"), frame("main"))
    assert fingerprint(in_data, ("wild-jump",)).frames == ("call", "main")


def test_a_static_program_holds_its_c_library() -> None:
    assert chain(frame("__strlen_avx2"), frame("greet"), frame("main"), frame("__libc_start_main")) == ("greet", "main")
    assert chain(frame("raise"), frame("abort"), frame("give_up"), frame("main"), frame("__libc_start_main")) == ("give_up", "main")


def test_a_key_is_never_empty() -> None:
    assert fingerprint((), ("killed",), executable="/usr/bin/shop").frames == ("shop: killed",)
    assert fingerprint(()).frames
    assert fingerprint((frame(None, None, None),)).frames


def test_a_soft_fault_is_its_message_and_call_site() -> None:
    frames = stack_of("report", "serve", "main")
    one, two = (fingerprint(frames, ("emit",), f"slow query {n} ms for user '{n}'") for n in (130, 2500))
    assert one.frames == ("slow query # ms for user '…'", "report")
    assert one == two


def test_normal_messages() -> None:
    assert normal_message("failed at 0x7f01 after 1.5 s: id 123e4567-e89b-12d3") == "failed at # after # s: id #"
