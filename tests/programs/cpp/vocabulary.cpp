// optional, variant, tuple, pair, any, monostate.
#include <any>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>
#include "crash.h"

struct Empty {};
using Value = std::variant<std::monostate, int, double, std::string>;

NOINLINE int choose(const std::optional<int> &maybe, std::optional<std::string> text, const Value &value, std::tuple<int, std::string, double> row) {
    std::optional<double> nothing;
    std::optional<std::vector<int>> list = std::vector<int>{4, 5};
    std::variant<int, Empty> other = Empty{};
    Value number = 2.5, none;
    std::pair<const char, std::string> pair{'k', "value"};
    std::tuple<> unit;
    std::any anything = 12, something = std::string("any text"), empty;
    std::tuple<std::optional<int>, std::pair<int, int>> nested{3, {4, 5}};
    KEEP(nothing); KEEP(list); KEEP(other); KEEP(number); KEEP(none); KEEP(pair); KEEP(unit); KEEP(anything); KEEP(something); KEEP(empty);
    KEEP(nested); KEEP(maybe); KEEP(text); KEEP(value); KEEP(row);
    crash(*maybe);
    BARRIER();
    return static_cast<int>(value.index());
}

int main() {
    std::optional<int> maybe = 7;
    Value value = std::string("variant text");
    KEEP(maybe); KEEP(value);
    int result = choose(maybe, "optional text", value, {1, "two", 3.5});
    BARRIER();
    return result;
}
