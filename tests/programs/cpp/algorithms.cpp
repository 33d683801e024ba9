// The standard library inlined many levels deep; the crash is in a comparison.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>
#include "crash.h"

struct Employee { std::string name; int salary; };

NOINLINE bool cheaper(const Employee &left, const Employee &right) {
    KEEP(left); KEEP(right);
    if (left.salary == 30 || right.salary == 30) crash(left.salary);
    BARRIER();
    return left.salary < right.salary;
}

NOINLINE int report(std::vector<Employee> &staff, int limit) {
    std::sort(staff.begin(), staff.end(), [](const Employee &a, const Employee &b) { return cheaper(a, b); });
    auto expensive = std::count_if(staff.begin(), staff.end(), [limit](const Employee &e) { return e.salary > limit; });
    BARRIER();
    return static_cast<int>(expensive);
}

int main() {
    std::vector<Employee> staff{{"Ann", 50}, {"Bob", 40}, {"Cid", 30}, {"Dot", 20}};
    KEEP(staff);
    int result = report(staff, 25);
    BARRIER();
    return result;
}
