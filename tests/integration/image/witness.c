// Says what is where in it, then dies (argument "crash") or waits (argument "wait"). A line a fact: module BIAS PATH, memory ADDRESS HEX.
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_barrier_t all_there;
static const char constant[] = "read-only data";
static char variable[] = "writable data";

static int print_module(struct dl_phdr_info *info, size_t size, void *unused)
{
    printf("module %lx %s\n", (unsigned long)info->dlpi_addr, info->dlpi_name);
    return 0;
}

static void print_memory(const void *at, size_t size)
{
    printf("memory %lx ", (unsigned long)at);
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)at)[i]);
    printf("\n");
}

static void *wait_forever(void *number)
{
    register double x asm("xmm7") = *(double *)number;
    asm volatile("" : "+x"(x));
    pthread_barrier_wait(&all_there);
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    static double numbers[2] = {1.5, -2.25};
    pthread_t threads[2];
    pthread_barrier_init(&all_there, NULL, 3);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, wait_forever, &numbers[i]);
    pthread_barrier_wait(&all_there);
    char *heap = malloc(100000);
    memset(heap, 0x5a, 100000);
    dl_iterate_phdr(print_module, NULL);
    print_memory(constant, sizeof constant);
    print_memory(variable, sizeof variable);
    print_memory((void *)main, 32);
    print_memory(heap, 100000);
    print_memory(argv[0], strlen(argv[0]));
    printf("ready\n");
    fflush(stdout);
    if (strcmp(argv[1], "wait") == 0)
        pause();
    *(volatile int *)(unsigned long)(argc - 2) = 1;
    return 0;
}
