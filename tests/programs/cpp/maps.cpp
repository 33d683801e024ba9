// Associative containers, ordered and hashed.
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include "crash.h"

enum class Size { Small, Large };
struct Item { int id; double price; };

NOINLINE int look_up(const std::map<std::string, int> &ages, std::unordered_map<int, std::string> names, const std::set<int> &primes) {
    std::map<int, Item> items{{1, {10, 2.5}}, {2, {20, 3.5}}};
    std::multimap<char, int> multi{{'a', 1}, {'a', 2}, {'b', 3}};
    std::map<std::string, std::vector<int>> nested{{"even", {2, 4}}, {"odd", {1, 3, 5}}};
    std::unordered_set<std::string> unique{"only"};
    std::unordered_map<std::string, Size> sizes{{"s", Size::Small}};
    std::multiset<Size> sorted{Size::Large, Size::Small, Size::Large};
    std::map<int, int> none;
    std::unordered_set<long> nobody;
    auto found = ages.find("Ada");
    KEEP(items); KEEP(multi); KEEP(nested); KEEP(unique); KEEP(sizes); KEEP(sorted); KEEP(none); KEEP(nobody); KEEP(found); KEEP(ages); KEEP(names);
    KEEP(primes);
    crash(static_cast<int>(ages.size()));
    BARRIER();
    return found->second;
}

int main() {
    std::map<std::string, int> ages{{"Ada", 36}, {"Grace", 85}, {"Linus", 55}};
    std::set<int> primes;
    for (int i = 2; i < 60; i++) {
        bool prime = true;
        for (int j = 2; j * j <= i; j++) prime = prime && i % j;
        if (prime) primes.insert(i);
    }
    KEEP(ages); KEEP(primes);
    int result = look_up(ages, {{1, "one"}, {2, "two"}}, primes);
    BARRIER();
    return result;
}
