"""Names without what changes from build to build; names of people's functions left alone."""

import pytest

from obit.analysis.fingerprint.names import module_name, normal_name

NAMES = {
    "shop::Cart<int>::total(int) const [clone .cold]": "shop::Cart::total",
    "void foo<int>(std::vector<int, std::allocator<int> >&)": "foo",
    "std::ostream& std::operator<< <std::char_traits<char> >(std::ostream&, char const*)": "std::operator<<",
    "operator new(unsigned long)": "operator new",
    "operator delete[](void*)": "operator delete[]",
    "A::operator bool() const": "A::operator bool",
    "A::operator()(int)": "A::operator()",
    "B::operator->() const": "B::operator->",
    "(anonymous namespace)::f(int)": "(anonymous namespace)::f",
    "{anonymous}::f": "(anonymous namespace)::f",
    "Foo::~Foo()": "Foo::~Foo",
    "get[abi:cxx11](int)": "get",
    "main::{lambda(int)#1}::operator()(int) const": "main::{lambda}::operator()",
    "main::<lambda(int)>::operator()": "main::{lambda}::operator()",
    "main::$_0::operator()(int) const": "main::{lambda}::operator()",
    "f.part.0.constprop.1": "f",
    "f.isra.0": "f",
    "f.cold": "f",
    "f.lto_priv.3": "f",
    "__GI_raise": "raise",
    "IA__g_free": "g_free",
    "raise@@GLIBC_2.2.5": "raise",
    "puts@plt": "puts",
    "__memcpy_avx_unaligned_erms": "memcpy",
    "__strlen_avx2": "strlen",
    "__memmove_evex_unaligned_erms": "memmove",
    "__memcpy_chk_sse2_unaligned": "memcpy",
    "shop::cart::total::h0123456789abcdef": "shop::cart::total",
    "core::ptr::drop_in_place::<alloc::vec::Vec<u8>>": "core::ptr::drop_in_place",
    "<shop::Cart<T> as core::fmt::Display>::fmt": "<shop::Cart as core::fmt::Display>::fmt",
    "shop::<impl shop::Cart>::go": "shop::<impl shop::Cart>::go",
    "core::ops::FnOnce::call_once::{{closure}}": "core::ops::FnOnce::call_once::{closure}",
}
OWN = ["free_list_pop", "new_order", "operator_table", "my_assert", "abort_upload", "strategy_avx2", "main.main.func1", "part_0", "cold"]


@pytest.mark.parametrize("name", NAMES)
def test_normal_names(name: str) -> None:
    assert normal_name(name) == NAMES[name]


@pytest.mark.parametrize("name", OWN)
def test_peoples_names_stay(name: str) -> None:
    assert normal_name(name) == name


@pytest.mark.parametrize("name", ["<", ">", "((((", "f<", "<<<>", "operator<", "operator", " ", "{lambda(", "<lambda(", "a" * 100_000])
def test_odd_names_give_something_and_end(name: str) -> None:
    assert normal_name(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/libpq.so.5.15", "libpq.so"),
        ("/opt/shop/2.1/lib/libpq.so.5", "libpq.so"),
        ("/lib/libc-2.31.so", "libc.so"),
        ("/srv/shop/shop-cart (deleted)", "shop-cart"),
        ("/usr/bin/python3.11", "python3.11"),
    ],
)
def test_module_names(path: str, name: str) -> None:
    assert module_name(path) == name
