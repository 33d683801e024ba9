// A warehouse answers orders. One names an article that was never stocked, and reserve() trusts find().
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct Supplier {
    std::string name;
    std::optional<int> days_to_deliver;
};

struct Article {
    std::string title;
    int stock = 0;
    std::shared_ptr<Supplier> supplier;
};

struct Order {
    std::string article;
    int quantity;
};

class Warehouse {
public:
    void add(const std::string &key, Article article) { articles_[key] = std::move(article); }

    std::string reserve(const Order &order)
    {
        auto found = articles_.find(order.article);
        std::shared_ptr<Supplier> supplier = found == articles_.end() ? nullptr : found->second.supplier;
        if (found != articles_.end() && found->second.stock >= order.quantity) {
            found->second.stock -= order.quantity;
            return order.article + " from stock";
        }
        backlog_.push_back(order);
        return order.article + " from " + supplier->name;
    }

private:
    std::map<std::string, Article> articles_;
    std::vector<Order> backlog_;
};

static void serve(Warehouse &warehouse, const std::vector<Order> &orders)
{
    for (const Order &order : orders)
        std::cout << warehouse.reserve(order) << std::endl;
}

int main()
{
    auto potter = std::make_shared<Supplier>(Supplier{"Potter & Sons", 3});
    Warehouse warehouse;
    warehouse.add("teapot", {"Teapot, 1 litre", 4, potter});
    warehouse.add("cup", {"Cup", 40, potter});
    serve(warehouse, {{"cup", 12}, {"teapot", 5}, {"saucer", 6}});
}
