// C++ types and functions in all their shapes; nothing here is run.
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace shop {
enum class Color : short { Red, Green = -3 };
struct Base { int b = 1; virtual ~Base() {} };
struct Other { long o = 2; };
struct Node { Node *next; int value; };
template <class T, int N> struct Order : Base, Other {
    using value_type = T;
    value_type price[N];
    int low : 5;
    unsigned high : 7;
    const char *name;
    static int count;
    struct Item { T cost; Order *owner; };
    Item item;
    int total(int times) const
    {
        int sum = 0;
        for (int i = 0; i < times; i++) {
            int square = i * i;
            sum += square + low;
        }
        return sum;
    }
    template <class U> U as(U factor) { return U(price[0]) * factor; }
};
template <class T, int N> int Order<T, N>::count = 3;
struct Diamond : virtual Base { int d = 4; };
namespace {
struct Hidden { int a[3][4]; Color color; };
int secret = 5;
}
inline namespace v2 { struct Versioned { unsigned long id; }; }
class Account {
public:
    explicit Account(long balance) : balance_(balance) {}
    __attribute__((noinline)) long add(long amount) { balance_ += amount; return balance_; }
private:
    long balance_;
};
Hidden hidden;
int Node::*field = &Node::value;
}

using Callback = int (*)(shop::Node &, char);

__attribute__((noinline)) int go(shop::Order<int, 2> &order, std::string text, const std::vector<int> &values, shop::Node *node,
                                 shop::Color color, const char *const *arguments, std::nullptr_t null, Callback callback,
                                 int (shop::Account::*method)(long), shop::Node &&moved, shop::Diamond *diamond, unsigned long size,
                                 std::unique_ptr<shop::Node> owned, std::map<std::string, long> prices, shop::Versioned version,
                                 bool yes, char16_t wide, char (&array)[4])
{
    auto twice = [&](int times) { return order.total(times) + static_cast<int>(values.size()); };
    struct Local { int inside; } local{3};
    shop::Account account(size);
    static int calls;
    calls += shop::secret + local.inside;
    return twice(node->value) + static_cast<int>(account.add(2)) + static_cast<int>(order.as(2.5)) + calls + text.size();
}

int main(int argc, char **argv)
{
    shop::Order<int, 2> order{};
    shop::Node node{nullptr, argc};
    shop::Diamond diamond;
    char array[4] = "abc";
    shop::hidden.color = shop::Color::Red;
    return go(order, "abc", {1, 2}, &node, shop::Color::Green, argv, nullptr, nullptr, nullptr, shop::Node(), &diamond, 3, nullptr, {},
              {}, true, u'x', array) + shop::Order<int, 2>::count + (shop::field == nullptr);
}
