/* C types in all their shapes; nothing here is run. */
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

struct order {
    unsigned long number;
    long balance;
    unsigned short items;
    long long cents;
    signed char sign;
    _Bool paid;
    struct order *next;
    const char *name;
    struct { int inner; union { float ratio; unsigned raw; }; };
};
union either { int i; float f; };
enum color { RED, GREEN = 5, BLUE = -2 };
enum flags { READ = 1, WRITE = 2, EXECUTE = 4 };
typedef struct { int x, y; } point;
typedef int (*handler)(struct order *, const char *, ...);
struct flexible { int count; int data[]; };
struct bits { unsigned a : 3; signed b : 5; unsigned long c : 40; enum color d : 4; _Bool e : 1; char plain; unsigned f : 31; };
struct __attribute__((packed)) packed { char c; unsigned a : 12; unsigned b : 13; int d; };
typedef int vector __attribute__((vector_size(16)));
struct opaque;

int counter = 4;
static struct order head;

__attribute__((noinline)) int use(struct order *order, size_t size, union either either, enum color color, point *where, handler handle,
                                  const char *const *arguments, void *anything, int matrix[3][4], struct flexible *flexible,
                                  struct bits bits, wchar_t wide, uint8_t byte, const volatile int watched, int (*call)(void),
                                  void (*old)(), char *restrict text, const void *constant, double _Complex z, long double precise,
                                  __int128 big, struct opaque *hidden, vector lanes, struct packed tight, enum flags flags)
{
    char buffer[10] = "abc";
    static int calls = 3;
    const char *const names[3] = {"a"};
    int (*table[4])(int) = {0};
    int (*(*maker)(void))[5] = 0;
    struct order orders[2][3] = {{{0}}};
    int total = counter + calls + names[0][0] + orders[0][0].items + (int) size + byte + head.items;
    for (int i = 0; i < 3; i++) {
        int square = i * i;
        total += square + buffer[i];
        {
            long total = square + 1L;
            calls += (int) total;
        }
    }
    return total + (table[0] != 0) + (maker != 0) + (order != 0);
}

int main(void)
{
    return 0;
}
