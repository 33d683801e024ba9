// One of many translation units of a large program: the standard library's templates over types of its own.
// `large.py` compiles it once and makes the others by renaming the namespace in the assembly.
#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace unit_0000 {

struct Order {
    int id;
    std::string name;
    std::vector<double> prices;
    std::map<std::string, std::variant<int, std::string, double>> extra;
};

template <int N> struct Step {
    std::map<int, std::tuple<Order, std::optional<std::string>>> memory;
    std::unordered_map<std::string, std::shared_ptr<Order>> index;
    std::function<int(const Order &, int)> rule;

    int run(Order &order, int depth) {
        memory[depth] = {order, order.name};
        index[order.name] = std::make_shared<Order>(order);
        rule = [this, depth](const Order &o, int d) { return o.id + d + depth + static_cast<int>(memory.size()); };
        std::sort(order.prices.begin(), order.prices.end(), [](double a, double b) { return a > b + N; });
        return rule(order, depth) + (depth > 0 ? Step<N - 1>().run(order, depth - 1) : 0);
    }
};
template <> struct Step<0> {
    int run(Order &order, int) { return order.id; }
};

bool match(const std::string &text) { return std::regex_match(text, std::regex("a+b")); }

int entry(int depth, int (*next)(int)) {
    Order order{depth, "order", {1.5, 2.5}, {{"rush", 1}, {"note", std::string("fragile")}}};
    int before = Step<48>().run(order, 3) + match(order.name);
    int after = next(depth + 1);
    return before + after;
}

}  // namespace unit_0000
