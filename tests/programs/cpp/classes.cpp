// Virtual functions: the static type is the base, the object is derived.
#include <cstdio>
#include "crash.h"

class Shape {
public:
    explicit Shape(int id) : id_(id) {}
    virtual ~Shape() = default;
    virtual double area() const = 0;

protected:
    int id_;
    static int created;
};
int Shape::created = 2;

class Circle final : public Shape {
public:
    Circle(int id, double radius) : Shape(id), radius_(radius) {}
    NOINLINE double area() const override {
        double result = 3.0 * radius_ * radius_;
        KEEP(result);
        crash(id_);
        BARRIER();
        return result;
    }

private:
    double radius_;
};

class Square : public Shape {
public:
    Square(int id, int side) : Shape(id), side_(side) {}
    double area() const override { return side_ * side_; }
    int side_;
};

NOINLINE double total(const Shape *const *shapes, int count, const Shape &first) {
    double sum = 0;
    KEEP(first);
    for (int i = 0; i < count; i++) {
        const Shape *shape = shapes[i];
        KEEP(shape);
        sum += shape->area();
    }
    return sum;
}

int main() {
    Square square(1, 4);
    Circle circle(2, 1.5);
    const Shape *shapes[] = {&square, &circle};
    KEEP(shapes);
    double result = total(shapes, 2, square);
    BARRIER();
    return static_cast<int>(result);
}
