/* Ends in the way that the argument names. */
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int *volatile nowhere;
static volatile int zero;
static sigset_t everything;

static void exit_5(int number) { (void)number; _exit(5); }
static void go_on(int number) { (void)number; }
static void fault(void) { *nowhere = 1; }
static int recurse(int depth) { volatile char frame[200]; frame[0] = depth; return recurse(depth + 1) + frame[0]; }

static void filter(unsigned action, int number) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void *at_once(void *barrier) { pthread_barrier_wait(barrier); fault(); return NULL; }
static void *churn_leaf(void *unused) { return unused; }
static void *churn(void *unused) {
    for (;;) { pthread_t thread; if (!pthread_create(&thread, NULL, churn_leaf, NULL)) pthread_join(thread, NULL); }
    return unused;
}
static void *exec_soon(void *milliseconds) { usleep(1000 * (long)milliseconds); execl("/bin/true", "true", NULL); return NULL; }
static void *fault_soon(void *unused) { usleep(2000); fault(); return unused; }

static int threads(void *(*body)(void *), int count, void *argument) {
    for (int n = 0; n < count; n++) { pthread_t thread; pthread_create(&thread, NULL, body, argument); }
    return count;
}

int main(int argc, char **argv) {
    const char *how = argv[1];
    sigfillset(&everything);
    if (!strcmp(how, "segv")) fault();
    if (!strcmp(how, "bus")) { int *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(tmpfile()), 0); return *(volatile int *)page; }
    if (!strcmp(how, "ill")) __builtin_trap();
    if (!strcmp(how, "fpe")) return 100 / zero;
    if (!strcmp(how, "trap")) raise(SIGTRAP);
    if (!strcmp(how, "abort")) abort();
    if (!strcmp(how, "sys")) { filter(SECCOMP_RET_TRAP, SYS_getppid); getppid(); }
    if (!strcmp(how, "quit")) raise(SIGQUIT);
    if (!strcmp(how, "cpu")) { struct rlimit limit = {1, 10}; setrlimit(RLIMIT_CPU, &limit); for (;;) zero = 0; }
    if (!strcmp(how, "file-size")) {
        struct rlimit limit = {10, 10}; setrlimit(RLIMIT_FSIZE, &limit); fprintf(tmpfile(), "%100d", 1); fflush(NULL); return 1;
    }
    if (!strcmp(how, "segv-blocked")) { sigprocmask(SIG_BLOCK, &everything, NULL); fault(); }
    if (!strcmp(how, "segv-ignored")) { signal(SIGSEGV, SIG_IGN); fault(); }
    if (!strcmp(how, "handler-without-stack")) { signal(SIGSEGV, exit_5); return recurse(0); }
    if (!strcmp(how, "seccomp-kill-process")) { filter(SECCOMP_RET_KILL_PROCESS, SYS_getppid); getppid(); }
    if (!strcmp(how, "seccomp-kill-thread")) { filter(SECCOMP_RET_KILL_THREAD, SYS_getppid); getppid(); }
    if (!strcmp(how, "overflow")) return recurse(0);
    if (!strcmp(how, "all-at-once")) { pthread_barrier_t b; pthread_barrier_init(&b, NULL, 8); threads(at_once, 8, &b); for (;;) pause(); }
    if (!strcmp(how, "leader-gone")) { threads(fault_soon, 1, NULL); pthread_exit(NULL); }
    if (!strcmp(how, "churn")) { threads(churn, 3, NULL); usleep(20000); fault(); }
    if (!strcmp(how, "vfork")) { pid_t child = vfork(); if (!child) fault(); int status; waitpid(child, &status, 0); return WTERMSIG(status); }
    if (!strcmp(how, "fork")) { pid_t child = fork(); if (!child) fault(); int status; waitpid(child, &status, 0); return WTERMSIG(status); }
    if (!strcmp(how, "exec-meanwhile")) { threads(exec_soon, 4, (void *)(long)atoi(argv[2])); usleep(1000 * atoi(argv[2])); fault(); }

    /* These live. */
    if (!strcmp(how, "handled")) { signal(SIGSEGV, exit_5); fault(); }
    if (!strcmp(how, "sent-ignored")) { signal(SIGQUIT, SIG_IGN); kill(getpid(), SIGQUIT); return 6; }
    if (!strcmp(how, "sent-blocked")) { sigprocmask(SIG_BLOCK, &everything, NULL); kill(getpid(), SIGSEGV); return 6; }
    if (!strcmp(how, "sent-handled")) { signal(SIGABRT, go_on); raise(SIGABRT); return 6; }
    if (!strcmp(how, "sent-waited")) {
        sigprocmask(SIG_BLOCK, &everything, NULL); kill(getpid(), SIGQUIT); int number; sigset_t set; sigemptyset(&set); sigaddset(&set, SIGQUIT);
        sigwait(&set, &number); return number;
    }
    if (!strcmp(how, "exit-threads")) { threads(churn, 2, NULL); usleep(5000); return 6; }
    return 99;
}
