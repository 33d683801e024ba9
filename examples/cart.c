/* A shop's checkout. A guest has no account, and apply_discount() forgets that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum role { ROLE_CUSTOMER, ROLE_STAFF };

struct account {
    char name[24];
    enum role role;
    long balance; /* cents */
};

struct item {
    const char *title;
    int cents;
    int quantity;
};

struct cart {
    struct account *owner; /* NULL for a guest */
    struct item items[8];
    int count;
};

struct code {
    const char *name;
    int percent;
};

static int apply_discount(struct cart *cart, const struct code *code)
{
    int total = 0;
    for (int i = 0; i < cart->count; i++)
        total += cart->items[i].cents * cart->items[i].quantity;
    if (code->percent > 100)
        return -1;
    cart->owner->balance -= total - total * code->percent / 100;
    return total;
}

static int checkout(struct cart *cart, const char *coupon)
{
    const struct code codes[] = { { "WELCOME", 5 }, { "SPRING", 15 } };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, coupon) == 0)
            return apply_discount(cart, &codes[i]);
    return 0;
}

int main(void)
{
    struct account ada = { "Ada Lovelace", ROLE_CUSTOMER, 10000 };
    struct cart hers = { &ada, { { "notebook", 650, 2 }, { "pencil", 120, 5 } }, 2 };
    struct cart guest = { NULL, { { "teapot", 2599, 1 } }, 1 };

    printf("Ada pays %d cents\n", checkout(&hers, "WELCOME"));
    fflush(stdout);
    printf("a guest pays %d cents\n", checkout(&guest, "SPRING"));
    return 0;
}
