// std::thread: three threads with containers on their stacks, one crashes.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include "crash.h"

struct Task { int id; std::string name; std::vector<double> weights; };

static std::mutex lock;
static std::condition_variable changed;
static int waiting = 0;

NOINLINE double execute(const Task &task, std::map<std::string, int> &results) {
    double sum = 0;
    for (double weight : task.weights) sum += weight;
    results[task.name] = static_cast<int>(sum);
    KEEP(sum);
    std::unique_lock<std::mutex> guard(lock);
    waiting++;
    changed.notify_all();
    if (task.id == 2) {
        changed.wait(guard, [] { return waiting == 3; });
        crash(task.id);
    }
    changed.wait(guard, [] { return waiting > 3; });
    return sum;
}

int main() {
    std::vector<std::thread> threads;
    std::atomic<int> started{0};
    auto shared = std::make_shared<Task>(Task{9, "shared", {0.5}});
    for (int i = 0; i < 3; i++) {
        threads.emplace_back([i, &started, shared] {
            Task task{i, "task-" + std::to_string(i), {1.0 * i, 2.5}};
            std::map<std::string, int> results{{"before", i}};
            started++;
            double result = execute(task, results);
            KEEP(result);
        });
    }
    for (auto &thread : threads) thread.join();
    return 0;
}
