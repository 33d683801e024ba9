// C++'s odder types.
#include <cstddef>
#include <cstdint>

#include "die.h"

struct Animal {
    virtual ~Animal() = default;
    virtual int legs() const { return 4; }
    int age = 3;
    unsigned wild : 1;
    int mood : 5;
};

struct Swimmer : virtual Animal {
    int depth = 20;
    unsigned fins : 3;
};

struct Flyer : virtual Animal {
    int height = 500;
    signed char feathers : 6;
    int legs() const override { return 2; }
};

struct Duck : Swimmer, Flyer {
    const char *name = "Ada";
    bool tame : 1;
    int legs() const override { return 2; }
    void quack(int times) { loud += times; }
    int loud = 1;
};

enum class Color : unsigned char { Red = 1, Green = 2, Blue = 4 };
enum class Level : std::int8_t { Low = -2, High = 5 };
enum Plain { First, Second = 10 };
enum class Access : unsigned { Read = 1, Write = 2, Last = 8 };

namespace space {
struct Holder {
    union {
        int number;
        struct {
            short low, high;
        };
    };
    static int shared;
    int grid[2][2];
    struct Inner {
        char tag;
        double weight;
    } inner[3];
    Color color : 4;
    Level level : 4;
};
int Holder::shared = 42;
}  // namespace space

template <typename T, int N> struct Box {
    T items[N];
    T *first = items;
};

struct Empty {};
struct Derived : Empty {
    int value = 8;
};

static int twice(int value) { return 2 * value; }

static void look(const Animal &animal, Duck *duck, int &&moved, const int (&array)[3], Duck &reference)
{
    die(animal.age + duck->depth + moved + array[0] + reference.loud);
}

int main()
{
    Duck duck;
    duck.wild = 1, duck.mood = -7, duck.fins = 5, duck.feathers = -20, duck.tame = true;
    Animal *base = &duck;
    space::Holder holder{{0x12345678}, {{1, 2}, {3, 4}}, {{'a', 1.5}, {'b', -2.5}, {'\0', 0.0}}, Color::Green, Level::Low};
    space::Holder holders[2] = {holder, holder};
    Box<short, 3> box{{1, -2, 3}};
    Box<Color, 2> colors{{Color::Red, Color::Blue}};
    Color red = Color::Red, mixed = static_cast<Color>(5), unknown = static_cast<Color>(64), zero = static_cast<Color>(0);
    Level low = Level::Low, strange = static_cast<Level>(100);
    Plain plain = Second;
    Access all = Access::Last, both = static_cast<Access>(3);
    int Animal::*to_age = &Animal::age;
    int Derived::*no_member = nullptr;
    int Animal::*const members[2] = {&Animal::age, nullptr};
    void (Duck::*to_quack)(int) = &Duck::quack;
    int (Animal::*to_legs)() const = &Animal::legs;
    void (Duck::*no_function)(int) = nullptr;
    int (*function)(int) = twice;
    int (&function_reference)(int) = twice;
    int array[3] = {5, 6, 7};
    int (*to_array)[3] = &array;
    decltype(nullptr) null = nullptr;
    std::byte byte{0x7f};
#ifdef __cpp_char8_t
    char8_t unit = u8'x';
    const char8_t *utf8 = u8"na\u00efve";
    char8_t utf8_array[] = u8"\u00fc!";
#endif
    wchar_t wide[] = L"\u00e9t\u00e9";
    char16_t u16[] = u"\u20ac";
    Derived derived;
    Empty empty;
    auto lambda = [&duck, count = 4](int more) { return duck.loud + count + more; };
    (void) base, (void) holders, (void) box, (void) colors, (void) red, (void) mixed, (void) unknown, (void) zero, (void) low, (void) strange;
    (void) plain, (void) all, (void) both, (void) to_age, (void) no_member, (void) members, (void) to_quack, (void) to_legs;
    (void) no_function, (void) function, (void) function_reference, (void) to_array, (void) null, (void) byte, (void) wide, (void) u16;
    (void) derived, (void) empty, (void) lambda;
#ifdef __cpp_char8_t
    (void) unit, (void) utf8, (void) utf8_array;
#endif
    look(duck, &duck, 9, array, duck);
    return 0;
}
