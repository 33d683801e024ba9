// Namespaces: nested, inline, anonymous; anonymous unions; scoped enumerations; statics of the same name.
#include "crash.h"

namespace shop {
inline namespace v2 {
enum class State : unsigned char { Open = 1, Paid, Sent = 200 };
struct Order { int number; State state; union { int cents; float weight; }; };
}  // namespace v2
namespace detail {
int counter = 5;
enum Flags { None = 0, Gift = 1, Express = 2, Insured = 4 };
}  // namespace detail
}  // namespace shop

namespace {
int counter = 6;
struct Local { int value = 4; };
NOINLINE int process(shop::Order &order, shop::detail::Flags flags, Local local) {
    static int counter = 7;
    auto state = order.state;
    union { short half; int whole; };
    whole = 0x10002;
    KEEP(counter); KEEP(state); KEEP(order); KEEP(flags); KEEP(local); KEEP(whole);
    crash(order.number);
    BARRIER();
    return half;
}
}  // namespace

int main() {
    shop::Order order{12, shop::State::Paid, {1999}};
    KEEP(order);
    int result = process(order, static_cast<shop::detail::Flags>(shop::detail::Gift | shop::detail::Insured), Local{});
    BARRIER();
    return result + counter + shop::detail::counter;
}
