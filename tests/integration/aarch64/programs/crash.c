/* Dies as its first argument says. Every function that matters stays a function, also at -O2. */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KEPT __attribute__((noinline, noclone))

struct order {
    int number;
    const char *customer;
    double price;
    struct order *next;
};

static struct order second = {2, "Grace", 19.5, NULL};
static struct order first = {1, "Ada", 7.25, &second};
volatile int total;

KEPT static void visit(const struct order *order)
{
    total += order->number;
}

KEPT static void null_read(struct order *list, int depth)
{
    struct order copy = *list;
    visit(&copy);
    if (depth == 0)
        visit(NULL);
    else
        null_read(list->next ? list->next : list, depth - 1);
    total += copy.number;
}

KEPT static void write_to(int *where, int value)
{
    *where = value;
}

KEPT static void give_up(const char *why)
{
    if (*why)
        abort();
    total++;
}

KEPT static void take(int wanted, int stock)
{
    assert(wanted <= stock);
    total += stock;
}

KEPT static int descend(int level)
{
    volatile char room[512];
    memset((char *) room, level, sizeof room);
    return descend(level + 1) + room[level % 512];
}

KEPT static int invoke(int (*function)(int), int value)
{
    int result = function(value);
    return result + 1;
}

KEPT static void on_signal(int number)
{
    struct order *missing = total == -1 ? &first : NULL;
    total += number;
    write_to(&missing->number, number);
}

KEPT static void interrupted(int number)
{
    signal(number, on_signal);
    raise(number);
    total += number;
}

static void *work(void *argument)
{
    struct order *order = argument;
    visit(order);
    write_to((int *) 0x10, order->number);
    return NULL;
}

KEPT static void in_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, work, &first);
    pthread_join(thread, NULL);
    total++;
}

KEPT static void trap(int reason)
{
    if (reason)
        __builtin_trap();
    total++;
}

KEPT static int far_read(struct order *list)
{
    struct order *wild = (struct order *) 0x00deadbeefcafe00;
    total += list->number;
    visit(wild);
    return total;
}

KEPT static void kill_self(int number)
{
    raise(number);
    total++;
}

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "";
    if (strcmp(how, "null-read") == 0)
        null_read(&first, 2);
    if (strcmp(how, "abort") == 0)
        give_up(how);
    if (strcmp(how, "assert") == 0)
        take(7, 3);
    if (strcmp(how, "stack-overflow") == 0)
        descend(0);
    if (strcmp(how, "null-call") == 0)
        invoke(total ? abs : NULL, 5);
    if (strcmp(how, "handler") == 0)
        interrupted(SIGUSR1);
    if (strcmp(how, "thread") == 0)
        in_thread();
    if (strcmp(how, "trap") == 0)
        trap(count);
    if (strcmp(how, "far-read") == 0)
        far_read(&first);
    if (strcmp(how, "raised") == 0)
        kill_self(SIGSEGV);
    return total;
}
