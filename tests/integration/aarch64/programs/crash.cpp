// Dies as its first argument says: with classes, containers and exceptions.
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#define KEPT __attribute__((noinline, noclone))

namespace shop {

class Shape {
public:
    virtual ~Shape() = default;
    virtual double area() const = 0;
};

class Square : public Shape {
public:
    explicit Square(double side) : side_(side) {}
    double area() const override { return side_ * side_; }

private:
    double side_;
};

template <typename T> class Shelf {
public:
    std::vector<T> items;
    std::string label;

    KEPT T take(std::size_t index, const std::string &why)
    {
        const T *found = index < items.size() ? &items[index] : nullptr;
        return give(found, why);
    }

    KEPT static T give(const T *item, const std::string &) { return *item; }
};

KEPT double measure(const Shape &shape, int times)
{
    if (times == 0)
        throw std::runtime_error("measured too often");
    return shape.area() + measure(shape, times - 1);
}

}  // namespace shop

int main(int count, char **arguments)
{
    const std::string how = count > 1 ? arguments[1] : "";
    if (how == "null-read") {
        shop::Shelf<long> shelf{{10, 20, 30}, "top shelf"};
        return static_cast<int>(shelf.take(7, "curiosity"));
    }
    if (how == "uncaught") {
        auto shape = std::make_unique<shop::Square>(1.5);
        return static_cast<int>(shop::measure(*shape, 2));
    }
    return 0;
}
