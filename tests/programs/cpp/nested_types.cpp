// Types inside types: a small application's state, to depth.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
#include "crash.h"

struct Address { std::string street; std::optional<int> number; };
struct Customer { int id; std::string name; std::vector<Address> addresses; std::map<std::string, std::variant<int, std::string>> extra; };
struct Store {
    std::unordered_map<int, std::unique_ptr<Customer>> customers;
    std::vector<std::pair<std::string, double>> prices;
    Customer *current = nullptr;
};

NOINLINE double checkout(Store &store, const Customer &customer, double discount) {
    double total = 0;
    for (const auto &[name, price] : store.prices) total += price;
    KEEP(total); KEEP(discount); KEEP(customer);
    crash(customer.id);
    BARRIER();
    return total * discount;
}

int main() {
    Store store;
    auto customer = std::make_unique<Customer>(Customer{7, "Ada", {{"Main", 5}, {"Side", std::nullopt}}, {{"age", 36}, {"title", std::string("Ms")}}});
    store.current = customer.get();
    store.customers.emplace(7, std::move(customer));
    store.prices = {{"pen", 1.5}, {"ink", 7.25}};
    KEEP(store);
    double result = checkout(store, *store.current, 0.9);
    BARRIER();
    return static_cast<int>(result);
}
