// unique_ptr, shared_ptr, weak_ptr; with deleters, arrays, null, expired, cycles.
#include <cstdio>
#include <memory>
#include <string>
#include "crash.h"

struct Node { int value; std::shared_ptr<Node> next; std::weak_ptr<Node> back; };
struct Base { virtual ~Base() = default; int base = 1; };
struct Derived : Base { int derived = 2; };

NOINLINE int follow(const std::unique_ptr<Node> &owner, std::shared_ptr<Node> shared, std::unique_ptr<Base> polymorphic) {
    std::unique_ptr<int[]> array(new int[3]{1, 2, 3});
    std::unique_ptr<int> null;
    std::shared_ptr<std::string> text = std::make_shared<std::string>("shared text"), copy = text, none;
    std::weak_ptr<std::string> weak = text, expired;
    std::unique_ptr<FILE, int (*)(FILE *)> file(nullptr, std::fclose);
    {
        auto gone = std::make_shared<std::string>("gone");
        expired = gone;
    }
    KEEP(array); KEEP(null); KEEP(text); KEEP(copy); KEEP(none); KEEP(weak); KEEP(expired); KEEP(file); KEEP(owner); KEEP(shared); KEEP(polymorphic);
    crash(owner->value);
    BARRIER();
    return shared->value;
}

int main() {
    auto owner = std::make_unique<Node>();
    auto shared = std::make_shared<Node>();
    owner->value = 5;
    owner->next = shared;
    shared->value = 6;
    shared->back = shared;
    KEEP(owner); KEEP(shared);
    int result = follow(owner, shared, std::make_unique<Derived>());
    BARRIER();
    return result;
}
