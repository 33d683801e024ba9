"""Names that gcc 12 and rustc 1.95 made, what they mean, and that no other text is changed or stalls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obit.debuginfo.demangle import MAX_LENGTH, demangle

BOX = "NtNtCslNYArtu3iFV_5alloc5boxed3Box"

CXX = [
    ("_Z3fooi", "foo(int)"),
    ("_ZN4shop4CartIiE5totalEv", "shop::Cart<int>::total()"),
    ("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)"),
    ("_ZNKSt9type_infoeqERKS_", "std::type_info::operator==(std::type_info const&) const"),
    ("_ZN9__gnu_cxx27__verbose_terminate_handlerEv", "__gnu_cxx::__verbose_terminate_handler()"),
    ("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const"),
    ("_Z3foov.cold", "foo() [clone .cold]"),
    ("_Z3foov.constprop.0", "foo() [clone .constprop.0]"),
    ("_Z3foov.isra.0.cold", "foo() [clone .isra.0] [clone .cold]"),
    ("_ZTV4Base", "vtable for Base"),
    ("_ZNSsC1Ev", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()"),
    ("_ZNSt6vectorIiSaIiEEC2Ev", "std::vector<int, std::allocator<int> >::vector()"),
    ("_Z1fIiLi3EEvPFvT_E", "void f<int, 3>(void (*)(int))"),
    ("_ZN1AcviEv", "A::operator int()"),
    ("_Z1fRA3_i", "f(int (&) [3])"),
    ("_Z1fPA3_KPFviE", "f(void (* const (*) [3])(int))"),
    ("_Z1fPA3_A4_i", "f(int (*) [3][4])"),
    ("_Z1fM1AFviE", "f(void (A::*)(int))"),
    ("_Z1fM1AKFviE", "f(void (A::*)(int) const)"),
    ("_ZNK1A1fEv", "A::f() const"),
    ("_ZNO1A1fEv", "A::f() &&"),
    ("_ZNVK1A1fEv", "A::f() const volatile"),
    ("_Z1fIJidEEvDpT_", "void f<int, double>(int, double)"),
    ("_Z1fIiEDTplfp_Li1EET_", "decltype ({parm#1}+(1)) f<int>(int)"),
    ("_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()"),
    ("_Z1fB5cxx11v", "f[abi:cxx11]()"),
    ("_ZNUt_1fEv", "{unnamed type#1}::f()"),
    ("_ZN1AUt0_E", "A::{unnamed type#2}"),
    ("_Z1fILb1EEvv", "void f<true>()"),
    ("_Z1fILm3EEvv", "void f<3ul>()"),
    ("_Z1fILc97EEvv", "void f<(char)97>()"),
    ("_Z1fIL1E3EEvv", "void f<(E)3>()"),
    ("_Z1fIL1En3EEvv", "void f<(E)-3>()"),
    ("_ZZN1A1fEvENKUlT_E_clIiEEDaS0_", "auto A::f()::{lambda(auto:1)#1}::operator()<int>(int) const"),
    ("_Z1fPVKi", "f(int const volatile*)"),
    ("_Z1fDn", "f(decltype(nullptr))"),
    ("_Z1fIXsrSt7is_sameIiiE5valueEEvv", "void f<std::is_same<int, int>::value>()"),
    ("_ZTSN1AE", "typeinfo name for A"),
    ("_ZThn16_N1A1fEv", "non-virtual thunk to A::f()"),
    ("_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()"),
    ("_ZTch0_h16_N1A1fEv", "covariant return thunk to A::f()"),
    ("_ZGVZ1fvE1x", "guard variable for f()::x"),
    ("_ZGRL13externally_at_", "reference temporary #0 for externally_at"),
    ("_ZTCN1AE0_1B", "construction vtable for B-in-A"),
    ("_Z1fDv4_f", "f(float __vector(4))"),
    ("_ZN1AD0Ev", "A::~A()"),
    ("_Z1fPFvvE", "f(void (*)())"),
    ("_Z1fIvEvPT_", "void f<void>(void*)"),
    ("_Z1fIRiEvOT_", "void f<int&>(int&)"),
    ("_Z1fIOiEvOT_", "void f<int&&>(int&&)"),
    ("_ZlsRSoRK1A", "operator<<(std::basic_ostream<char, std::char_traits<char> >&, A const&)"),
    ("_ZN1AixEi", "A::operator[](int)"),
    ("_ZnwmPv", "operator new(unsigned long, void*)"),
    ("_Zli2_xPKc", 'operator"" _x(char const*)'),
    ("_Z1fPDoFvvE", "f(void (*)() noexcept)"),
    (
        "_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
        (
            "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >(std::ba"
            "sic_ostream<char, std::char_traits<char> >&, char const*)"
        ),
    ),
    (
        "_ZNSolsEPFRSoS_E",
        (
            "std::basic_ostream<char, std::char_traits<char> >::operator<<(std::basic_ostream<char, std::char_tra"
            "its<char> >& (*)(std::basic_ostream<char, std::char_traits<char> >&))"
        ),
    ),
    ("_Z1fz", "f(...)"),
    ("_ZN1A1BIiE1CIdE1fIcEEvv", "void A::B<int>::C<double>::f<char>()"),
    ("_ZZ1fvE1x_0", "f()::x"),
    ("_ZZ1fvEs", "f()::string literal"),
    ("_ZZ1fvEd_NKUlvE_clEv", "f()::{default arg#1}::{lambda()#1}::operator()() const"),
    ("_ZDC1a1bE", "[a, b]"),
    ("_Z1fILd4000000000000000EEvv", "void f<(double)[4000000000000000]>()"),
    ("_ZN1AaSEOS_", "A::operator=(A&&)"),
    ("_ZN3$_08__invokeEP5point", "$_0::__invoke(point*)"),
    ("_Z1fCf", "f(float _Complex)"),
    ("_Z1fU8__vectorf", "f(float __vector)"),
    ("_Z1fIJEEvDpT_", "void f<>()"),
    ("_Z1fIXadL_Z1gvEEEvv", "void f<&(g())>()"),
    ("_Z1fPDxFvvE", "f(void (*)() transaction_safe)"),
    ("_Z1fIDF16_EvT_", "void f<_Float16>(_Float16)"),
    (
        "_ZSt12construct_atI4wideJRKS0_EEDTgsnwcvPvLi0E_T_pispcl7declvalIT0_EEEEPS4_DpOS5_",
        "decltype (::new ((void*)(0)) wide((declval<wide const&>)())) std::construct_at<wide, wide const&>(wide*, wide const&)",
    ),
    (
        "_ZNSt15__uniq_ptr_dataIiSt14default_deleteIiELb1ELb1EECI1St15__uniq_ptr_implIiS1_EEPi",
        "std::__uniq_ptr_data<int, std::default_delete<int>, true, true>::__uniq_ptr_impl(int*)",
    ),
    (
        "_ZNSt10unique_ptrI5pointPFvPS0_EEC1IS3_vEES1_NSt9enable_ifIXntsrSt19is_lvalue_referenceIT_E5valueEOS8_E4typeE",
        (
            "std::unique_ptr<point, void (*)(point*)>::unique_ptr<void (*)(point*), void>(point*, std::enable_if<"
            "!std::is_lvalue_reference<void (*)(point*)>::value, void (*&&)(point*)>::type)"
        ),
    ),
    (
        "_ZSt16__insertion_sortIP1AN9__gnu_cxx5__ops15_Iter_comp_iterIZ1gIiEvT_EUlS5_E_EEEvS5_S5_T0_",
        (
            "void std::__insertion_sort<A*, __gnu_cxx::__ops::_Iter_comp_iter<g<int>(int)::{lambda(g)#1}> >(g, g,"
            " __gnu_cxx::__ops::_Iter_comp_iter<g<int>(int)::{lambda(g)#1}>)"
        ),
    ),
    (
        "_Z1fIJidEEvDpSt6vectorIT_SaIS1_EE",
        "void f<int, double>(std::vector<int, std::allocator<int> >, std::vector<double, std::allocator<double> >)",
    ),
    ("_Z1fIJidEEvDpRKT_", "void f<int, double>(int const&, double const&)"),
    ("_Z1fIiEvDTcl1gfp_fp_EE", "void f<int>(decltype (g({parm#1}, {parm#1})))"),
    ("_Z1fIiEvDTcvT__EE", "void f<int>(decltype ((int)()))"),
    ("_Z1fIiEvDTcvT_Li3EE", "void f<int>(decltype ((int)(3)))"),
    ("_Z1fIiEvDTstT_E", "void f<int>(decltype (sizeof (int)))"),
    ("_Z1fIiEvDTszfp_E", "void f<int>(decltype (sizeof {parm#1}))"),
    ("_Z1fIiEvDTdtfp_1xE", "void f<int>(decltype ({parm#1}.x))"),
    ("_Z1fIiEvDTptfp_1xE", "void f<int>(decltype ({parm#1}->x))"),
    ("_Z1fIiEvDTixfp_Li0EE", "void f<int>(decltype ({parm#1}[0]))"),
    ("_Z1fIiEvDTppfp_E", "void f<int>(decltype ({parm#1}++))"),
    ("_Z1fIiEvDTpp_fp_E", "void f<int>(decltype (++{parm#1}))"),
    ("_Z1fIiEvDTscT_fp_E", "void f<int>(decltype (static_cast<int>({parm#1})))"),
    ("_Z1fIiEvDTilLi1ELi2EEE", "void f<int>(decltype ({1, 2}))"),
    ("_Z1fIiEvDTtlT_Li1EEE", "void f<int>(decltype (int{1}))"),
    ("_Z1fIiEvDTsrT_1xE", "void f<int>(decltype (int::x))"),
    ("_Z1fIiEvDTnwLi1E_T_EE", "void f<int>(decltype (new (1) int))"),
    ("_ZN1AcvT_IiEEv", "A::operator int<int>()"),
    ("_ZN1AIcEcvT_Ev", "A<char>::operator char()"),
    ("_ZN1AIcEcvPT_IdEEv", "A<char>::operator double*<double>()"),
    ("_Z1fIiEvDTquLb1ELi1ELi2EE", "void f<int>(decltype ((true)?(1) : (2)))"),
    ("_Z1fIiEvDTtwLi1EE", "void f<int>(decltype (throw (1)))"),
    ("_ZNKSt9type_infoeqERKS_@@GLIBCXX_3.4", "std::type_info::operator==(std::type_info const&) const"),
]
"""What c++filt of binutils 2.40 makes of them."""
LEGACY = [
    ("_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic"),
    ("_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h3a6d1e1f2b3c4d5eE", "std::rt::lang_start::{{closure}}"),
    (
        "_ZN58_$LT$std..io..error..Error$u20$as$u20$core..fmt..Debug$GT$3fmt17h1234567890abcdefE",
        "<std::io::error::Error as core::fmt::Debug>::fmt",
    ),
    ("_ZN4core3ptr33drop_in_place$LT$$RF$u8$C$u32$GT$17h1234567890abcdefE", "core::ptr::drop_in_place<&u8,u32>"),
    ("_ZN1a13gr$uf6$$udf$e10z$ue4$hlen17h7d9eb2dec17c003bE", "a::größe::zählen"),
    ("_ZN1a4main17h7d9eb2dec17c003bE.llvm.1234567890", "a::main"),
    ("_ZN1a4main17h7d9eb2dec17c003bE.cold", "a::main [clone .cold]"),
]
V0 = [
    ("_RNvC6_123foo3bar", "123foo::bar"),
    ("_RNvCs6xxl1lAjzDf_1a4main", "a::main"),
    ("_RNvCs6xxl1lAjzDf_1a4main.llvm.99", "a::main"),
    ("_RNvCs6xxl1lAjzDf_1a4main.cold", "a::main [clone .cold]"),
    ("_RNCNvCs6xxl1lAjzDf_1a4mains_0Cs6xxl1lAjzDf_1a", "a::main::{closure#1}"),
    ("_RNvMCs6xxl1lAjzDf_1aINtB2_4CarttKj3_E5total", "<a::Cart<u16, 3>>::total"),
    ("_RINvMCs6xxl1lAjzDf_1aINtB3_4CarttKj3_E4eachNCNvB3_4main0EB3_", "<a::Cart<u16, 3>>::each::<a::main::{closure#0}>"),
    ("_RNvXCs6xxl1lAjzDf_1aRShNtB2_5Price5price", "<&[u8] as a::Price>::price"),
    ("_RNvYhNtCs6xxl1lAjzDf_1a5Price5price", "<u8 as a::Price>::price"),
    ("_RINvCs6xxl1lAjzDf_1a6constsKc78_Kb1_Kln7_EB2_", "a::consts::<'x', true, -7>"),
    ("_RINvCs6xxl1lAjzDf_1a6constsKc27_Kb0_Kl1_EB2_", "a::consts::<'\\'', false, 1>"),
    ("_RINvCs6xxl1lAjzDf_1a7genericFG_RL0_eERL0_eEB2_", "a::generic::<for<'a> fn(&'a str) -> &'a str>"),
    ("_RINvCs6xxl1lAjzDf_1a7genericFUKCPhOlEzEB2_", 'a::generic::<unsafe extern "C" fn(*const u8, *mut i32) -> !>'),
    ("_RINvCs6xxl1lAjzDf_1a7genericFK10system_abiEuEB2_", 'a::generic::<extern "system-abi" fn()>'),
    (
        f"_RINvCs6xxl1lAjzDf_1a7genericI{BOX}DNtNtNtNtCsgEmfK2I1SDS_4core4iter6traits8iterator8Iteratorp4ItemmNtNtB18_6marker4SendEL_EEB2_",
        "a::generic::<alloc::boxed::Box<dyn core::iter::traits::iterator::Iterator<Item = u32> + core::marker::Send>>",
    ),
    (
        f"_RINvCs6xxl1lAjzDf_1a7genericI{BOX}DG_INtNtNtCsgEmfK2I1SDS_4core3ops8function2FnTRL0_hRL0_Aaj4_EEp6OutputRL0_aEL_EEB2_",
        "a::generic::<alloc::boxed::Box<dyn for<'a> core::ops::function::Fn<(&'a u8, &'a [i8; 4]), Output = &'a i8>>>",
    ),
    ("_RINvCs6xxl1lAjzDf_1a7genericThEEB2_", "a::generic::<(u8,)>"),
    ("_RINvC1a1fQeSTbuEDEL_FG0_RL1_hRL0_tEpE", "a::f::<&mut str, [(bool, ())], dyn , for<'a, 'b> fn(&'a u8, &'b u16) -> _>"),
    ("_RNvNtCs1_1au8gre_dsa4main", None),
    ("_RNvNtC1au9gre_5qa6ga4main", None),
    ("_RNvNtC1au8gre_6qa64main", None),
    ("_RIC0KpE", "::<_>"),
    ("_RIC1aKReabcd616263_E", None),
    ("_RIC1aKRe616263_KRe220a_E", 'a::<"abc", "\\"\\u{a}">'),
    ("_RIC1aKe6162_E", 'a::<{*"ab"}>'),
    ("_RIC1aKRj7b_E", "a::<{&123}>"),
    ("_RIC1aKAj1_j2_EKTj1_EE", "a::<{[1, 2]}, {(1,)}>"),
    ("_RIC1aKVNtC1b1cUKVNtC1b1cTj1_EKVNtC1b1cS1xj1_EE", "a::<{b::c}, {b::c(1)}, {b::c { x: 1 }}>"),
    ("_RIC1aKo123456789012345678901234567890123_E", "a::<0x123456789012345678901234567890123>"),
    ("_RIC1aL_RL_hE", "a::<'_, &u8>"),
    ("_RIC1aReE.llvm.1.cold", "a::<&str> [clone .cold]"),
    ("_RNSC1a6vtables_0", None),
    ("_RNSC1as_6vtable", "a::{shim:vtable#1}"),
]
UNCHANGED = [
    "main", "", "_start", "__libc_start_main", "runtime.goexit", "main.(*Cart).Total", "_Z", "_ZN", "_R", "_RNv", "_RC", "_R1NvC1a1b",
    "_ZN99foo17h0123456789abcdefE", "_RNvC1a", "_RB_", "_RNvB_1a", "_RNvC1a9abc", "_RIC1aKc110000_E", "_RIC1aKcd800_E",
    "_RIC1aRL0_hE", "_RNvC1a1bC1cextra", "_RZC1a", "_RIC1aDNtC1b1cEE", "_RN1C1a1b", "_RIC1aKVC1bQE", "_RIC1aKRe6_E",
]  # fmt: skip


@pytest.mark.parametrize(("name", "meaning"), CXX + LEGACY)
def test_cxx_and_legacy_rust(name: str, meaning: str) -> None:
    assert demangle(name) == meaning


@pytest.mark.parametrize(("name", "meaning"), V0)
def test_rust_v0(name: str, meaning: str | None) -> None:
    assert demangle(name) == (meaning or name)


def test_unicode_identifiers() -> None:
    assert demangle("_RNvNtCs6xxl1lAjzDf_1au9gre_6ka8iu9zhlen_gra") == "a::größe::zählen"
    assert demangle("_RNvC1au3tda") == "a::ü"


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_is_not_mangled_stays(name: str) -> None:
    assert demangle(name) == name


def test_substitutions_that_multiply_are_stopped() -> None:
    # Each pair holds the one before it twice: 250 characters cost the C++ run-time 7 s and 1 GB.
    name = "_Z1f1AIiiE"
    for index in range(24):
        earlier = f"S{'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'[index]}_"
        name += f"S_I{earlier}{earlier}E"
    assert demangle(name) == name


def test_back_references_that_multiply_are_stopped() -> None:
    # Each tuple names the one before it twice: 2^60 elements from 400 characters.
    name, previous = "_RIC1a", None
    for _ in range(60):
        here = len(name) - 2
        name += "TuuE" if previous is None else f"TB{base62(previous)}B{base62(previous)}E"
        previous = here
    assert demangle(name + "E") == name + "E"


def base62(value: int) -> str:
    if value == 0:
        return "_"
    digits, value = "", value - 1
    while True:
        digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 62] + digits
        value //= 62
        if not value:
            return digits + "_"


@pytest.mark.parametrize("name", ["_R" + "S" * 5000, "_RIC1a" + "R" * 5000 + "hE", "_Z" + "P" * 9000, "_RNvC1a" + "x" * MAX_LENGTH])
def test_deep_or_long_names_stay(name: str) -> None:
    assert demangle(name) == name


@given(st.text(alphabet="CMXYNIBRQAPOFDTSELKGUupsjhle0123456789_abn", max_size=60))
def test_any_v0_like_text_ends(text: str) -> None:
    assert demangle("_R" + text)


@given(st.text(alphabet="NSt0123456789EIivPKRc_$.h", max_size=60))
def test_any_itanium_like_text_ends(text: str) -> None:
    assert demangle("_Z" + text)


@given(st.sampled_from([name for name, _ in V0]), st.integers(2, 60), st.characters())
def test_a_changed_name_ends(name: str, position: int, character: str) -> None:
    assert demangle(name[:position] + character + name[position + 1 :])
