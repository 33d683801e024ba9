// Every standard container as a global of known contents; the test reads them from the stopped process. Names are the test's keys.
#include <any>
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <cstdio>
#include <deque>
#include <exception>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

struct point { char tag; int x; };
struct empty {};
struct wide { long double value; };

std::string short_string = "hello";
std::string long_string = "a string that does not fit into the local buffer of any library, \"quoted\"\n";
std::string empty_string;
std::string zeros_string("a\0b", 3);
std::string huge_string(5000, 'x');
std::wstring wide_string = L"wide \u00e9";
std::u16string u16_string = u"sixteen";
std::u32string u32_string = U"thirty-two, and longer than the buffer";
std::string_view view("viewed text", 6);
std::vector<int> ints{1, 2, 3};
std::vector<int> no_ints;
std::vector<std::string> strings{"one", "two"};
std::vector<point> points{{'a', 1}, {'b', 2}};
std::vector<std::vector<int>> nested{{1}, {}, {2, 3}};
std::vector<bool> flags;
std::map<std::string, int> ages{{"bob", 30}, {"alice", 41}, {"eve", 7}};
std::map<int, char> small_map{{1, 'a'}, {2, 'b'}};
std::map<char, char> tiny_map{{'x', 'y'}};
std::map<int, wide> wide_map{{1, {2.5L}}};
std::map<int, int> empty_map;
std::multimap<int, int> multi{{1, 10}, {1, 11}};
std::set<int> numbers{3, 1, 2};
std::set<char> letters{'b', 'a'};
std::multiset<int> bag{5, 5};
std::unordered_map<int, std::string> one_hash{{7, "seven"}};
std::unordered_set<char> one_letter{'q'};
std::unordered_multiset<int> hash_bag{4, 4};
std::unordered_map<int, int> empty_hash;
std::unordered_map<int, int> many_hash;
std::deque<int> queue_of_ints;
std::deque<int> empty_deque;
std::deque<point> point_deque{{'p', 9}};
std::list<int> linked{1, 2, 3};
std::list<wide> wide_list{{1.5L}};
std::list<int> empty_list;
std::forward_list<int> forward{4, 5};
std::forward_list<wide> wide_forward{{2.5L}};
std::array<int, 3> fixed{7, 8, 9};
std::array<int, 0> no_array{};
std::optional<int> some = 5;
std::optional<std::string> some_string = "inside";
std::optional<int> none;
std::variant<int, std::string, double> choice = std::string("chosen");
std::variant<int, double> number_choice = 2.5;
std::tuple<int, std::string, empty, double> mixed{1, "two", {}, 3.5};
std::tuple<> nothing;
std::pair<int, std::string> couple{1, "second"};
std::unique_ptr<int> owned = std::make_unique<int>(11);
std::unique_ptr<point, void (*)(point *)> with_deleter(new point{'d', 4}, [](point *p) { delete p; });
std::unique_ptr<int> no_owned;
std::shared_ptr<int> shared = std::make_shared<int>(12);
std::shared_ptr<int> shared_too = shared;
std::weak_ptr<int> observer = shared;
std::weak_ptr<int> expired;
std::shared_ptr<int> no_shared;
static int triple(int x) { return 3 * x; }
std::function<int(int)> plain_function = triple;
std::function<int(int)> no_function;
std::any any_int = 17;
std::any any_string = std::string("in an any, and not a small one at that");
std::any no_any;
std::bitset<10> bits10("1000000011");
std::bitset<200> bits200("111");
std::atomic<int> atomic_int{13};
std::atomic<bool> atomic_bool{true};
std::atomic<int *> atomic_pointer{nullptr};
std::atomic<float> atomic_float{1.5f};
std::filesystem::path path = "/usr/lib";
std::stack<int> stacked(std::deque<int>{1, 2});
std::priority_queue<int> heap(std::less<int>(), std::vector<int>{1, 5});
std::reference_wrapper<int> referred = ints[1];
std::runtime_error runtime_problem("it went wrong");
std::out_of_range range_problem("out there");
std::exception_ptr caught;
std::exception_ptr no_caught;
std::chrono::milliseconds delay(1500);
std::chrono::duration<double, std::ratio<60>> minutes(2.5);
std::chrono::duration<int, std::ratio<1, 30>> frames(7);
std::chrono::steady_clock::time_point moment(std::chrono::nanoseconds(123));
std::initializer_list<int> *initializer;
#if __cplusplus >= 202002L
std::span<int> dynamic_span(ints);
std::span<int, 2> static_span(ints.data(), 2);
#endif

int main() {
    for (int i = 0; i < 70; i++) flags.push_back(i % 3 == 0);
    for (int i = 0; i < 400; i++) queue_of_ints.push_back(i);
    for (int i = 0; i < 150; i++) queue_of_ints.pop_front();
    for (int i = 0; i < 50; i++) many_hash[i] = i * i;
    { auto dying = std::make_shared<int>(1); expired = dying; }
    std::initializer_list<int> list{21, 22};
    initializer = &list;
    try { throw std::runtime_error("carried"); } catch (...) { caught = std::current_exception(); }
    std::puts("ready");
    std::fflush(stdout);
    pause();
    return static_cast<int>(view.size() + plain_function(1) + any_int.has_value());
}
