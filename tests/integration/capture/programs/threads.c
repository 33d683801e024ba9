/* N threads wait, each with its own variables; the main thread follows a list to its end. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct order { int id; const char *customer; struct order *next; };
int global_value = 77;
char *heap_text;
static pthread_barrier_t barrier;
__thread int thread_value;

__attribute__((noinline)) int total(struct order *order, int vat) {
    volatile int sum = 0;
    while (sum >= 0) { sum += order->id * vat; order = order->next; }
    return sum + vat;
}

static void *wait_for_ever(void *argument) {
    char name[32];
    snprintf(name, sizeof name, "worker %ld", (long)argument);
    thread_value = 100 + (int)(long)argument;
    pthread_barrier_wait(&barrier);
    for (;;) pause();
    return name[0] + (char *)0;
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 3;
    pthread_barrier_init(&barrier, NULL, count + 1);
    for (long n = 0; n < count; n++) { pthread_t thread; pthread_create(&thread, NULL, wait_for_ever, (void *)n); }
    pthread_barrier_wait(&barrier);
    usleep(20000); /* all have reached pause(): what the two cores show of them is the same */
    thread_value = 42;
    struct order *heap = malloc(sizeof *heap);
    *heap = (struct order){9, strdup("Heap"), NULL};
    heap_text = strdup("on the heap");
    struct order second = {7, "Grace", heap}, first = {5, "Ada", &second};
    return total(&first, 19);
}
