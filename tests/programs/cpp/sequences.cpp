// Sequence containers, empty, small, over the end of a block.
#include <array>
#include <deque>
#include <forward_list>
#include <list>
#include <queue>
#include <stack>
#include <string>
#include <vector>
#include "crash.h"

struct Point { int x; int y; };

NOINLINE int count(const std::vector<int> &numbers, std::vector<std::string> words, const std::deque<int> &queue) {
    std::vector<bool> bits{true, false, true, true};
    std::vector<Point> points{{1, 2}, {3, 4}};
    std::vector<std::vector<int>> nested{{1}, {2, 3}, {}};
    std::vector<double> none;
    std::array<short, 3> fixed{{7, 8, 9}};
    std::list<int> chain{10, 20, 30};
    std::list<std::string> empty_chain;
    std::forward_list<int> forward{5, 6};
    std::vector<int>::const_iterator second = numbers.begin() + 1;
    std::vector<int *> pointers{nullptr};
    std::stack<int> stack;
    stack.push(4);
    std::priority_queue<int> heap;
    heap.push(2);
    heap.push(9);
    KEEP(bits); KEEP(points); KEEP(nested); KEEP(none); KEEP(fixed); KEEP(chain); KEEP(empty_chain); KEEP(forward); KEEP(second); KEEP(pointers);
    KEEP(stack); KEEP(heap); KEEP(numbers); KEEP(words); KEEP(queue);
    crash(static_cast<int>(numbers.size()));
    BARRIER();
    return *second;
}

int main() {
    std::vector<int> numbers{1, 2, 3, 5, 8};
    std::deque<int> queue;
    for (int i = 0; i < 150; i++) queue.push_back(i);
    queue.pop_front();
    KEEP(numbers); KEEP(queue);
    int result = count(numbers, {"alpha", "beta"}, queue);
    BARRIER();
    return result;
}
