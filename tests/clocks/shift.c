/* Preloaded, this moves the wall clock of a process by SHIFT_SECONDS; clocks that only measure
 * stay as they are. It serves where libfaketime fails: with a monotonic clock left alone, 0.9.10
 * breaks clock_nanosleep, and with one that it moves, waits for a lock never end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void) {
    static int is_read;
    static time_t seconds;
    if (!is_read) {
        const char *text = getenv("SHIFT_SECONDS");
        seconds = text ? atoll(text) : 0;
        is_read = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec exact;
    int result = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return result;
}

time_t time(time_t *stored) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (stored)
        *stored = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* Its deadline is an instant of the wall clock, and the kernel knows only the true one. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    static int (*wait)(sem_t *, const struct timespec *);
    if (!wait)
        *(void **)&wait = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec true_deadline = {deadline->tv_sec - shift(), deadline->tv_nsec};
    return wait(semaphore, &true_deadline);
}
