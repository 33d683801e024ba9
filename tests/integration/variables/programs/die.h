/* A call that keeps no register of its caller: what is needed behind it has to be somewhere else. */
#ifdef __clang__
#define ALONE __attribute__((noinline))
#else
#define ALONE __attribute__((noipa))
#endif
#define BARRIER() __asm__ volatile("" ::: "memory")

static int *volatile nowhere;

static ALONE void die(int code)
{
    __asm__ volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
    *nowhere = code;
    BARRIER();
}
