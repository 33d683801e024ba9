/* storm COUNT AT-A-TIME PROGRAM…: runs PROGRAM COUNT times, so many at a time; prints seconds from the first start to the last end, and how
 * many died of a signal. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int main(int count, char **words)
{
    if (count < 4)
        return 2;
    int left = atoi(words[1]), most = atoi(words[2]), running = 0, crashed = 0;
    double began = now();
    while (left || running) {
        if (left && running < most) {
            if (fork() == 0) {
                execv(words[3], words + 3);
                _exit(127);
            }
            left--, running++;
            continue;
        }
        int status;
        wait(&status);
        running--;
        crashed += WIFSIGNALED(status);
    }
    printf("%.6f %d\n", now() - began, crashed);
    return 0;
}
