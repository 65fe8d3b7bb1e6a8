/* As many threads as SPECC_THREADS in the environment says, the main thread among them; one if it says nothing.
 *
 * A layer takes microseconds, so no thread is waited for that has not begun: its parts lie in a chunk for each thread,
 * whoever is free takes one, and where the other threads come late the main thread does it all. A thread without work looks for some for a
 * while before it sleeps, for waking it takes longer than most layers.
 */
#define _POSIX_C_SOURCE 200809L

#include "thread_pool.h"

#include "arithmetic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    MOST_THREADS = 64, /* bits of `untaken` */
    LOOKS_PER_CLOCK = 64,
    NANOSECONDS_AWAKE = 2000000,
};

static int32_t threads = 1;
static _Atomic(void (*)(int32_t, int32_t)) run_parts;
static _Atomic int32_t parts, chunks;
static _Alignas(64) _Atomic uint64_t untaken; /* a bit for each chunk of the layer */
static _Alignas(64) _Atomic int32_t unfinished;
static _Atomic int32_t asleep;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Takes chunks while there are any, this thread's own first: its cache may hold what they read. */
static void take_chunks(int32_t thread)
{
    uint64_t left;
    while ((left = atomic_load(&untaken))) {
        const uint64_t own = left >> thread << thread;
        const int32_t chunk = __builtin_ctzll(own ? own : left);
        const uint64_t bit = (uint64_t)1 << chunk;
        if (!(atomic_fetch_and(&untaken, ~bit) & bit)) {
            continue; /* another thread was faster */
        }
        /* The layer cannot end before this chunk does: from here on, what describes it stays. */
        void (*const run)(int32_t, int32_t) = atomic_load_explicit(&run_parts, memory_order_relaxed);
        const int64_t count = parts, cut = chunks;
        run((int32_t)(count * chunk / cut), (int32_t)(count * (chunk + 1) / cut));
        atomic_fetch_sub(&unfinished, 1);
    }
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void look_for_work(void)
{
    const int64_t end = nanoseconds() + NANOSECONDS_AWAKE;
    do {
        for (int32_t i = 0; i < LOOKS_PER_CLOCK; i++) {
            if (atomic_load_explicit(&untaken, memory_order_relaxed)) {
                return;
            }
            relax();
        }
    } while (nanoseconds() < end);
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&asleep, 1);
    /* Work that came before `asleep` was counted is seen here; what comes later finds it counted, and wakes. */
    while (!atomic_load(&untaken) && asleep) {
        pthread_cond_wait(&wake, &lock);
    }
    pthread_mutex_unlock(&lock);
}

static void *serve(void *number)
{
    for (;;) {
        take_chunks((int32_t)(intptr_t)number);
        look_for_work();
    }
    return 0;
}

void parallel_for(void (*run)(int32_t, int32_t), int32_t count)
{
    if (threads == 1 || count == 1) {
        run(0, count);
        return;
    }
    const int32_t cut = smaller(count, threads);
    atomic_store_explicit(&run_parts, run, memory_order_relaxed);
    atomic_store_explicit(&parts, count, memory_order_relaxed);
    atomic_store_explicit(&chunks, cut, memory_order_relaxed);
    atomic_store_explicit(&unfinished, cut, memory_order_relaxed);
    atomic_store(&untaken, ~(uint64_t)0 >> (64 - cut)); /* who takes a chunk sees all of the above */
    if (atomic_load(&asleep)) {
        pthread_mutex_lock(&lock);
        asleep = 0;
        pthread_cond_broadcast(&wake);
        pthread_mutex_unlock(&lock);
    }
    take_chunks(0);
    while (atomic_load_explicit(&unfinished, memory_order_acquire)) {
        relax();
    }
}

__attribute__((constructor)) static void start_threads(void)
{
    const char *asked = getenv("SPECC_THREADS");
    const int32_t wanted = asked ? atoi(asked) : 1;
    threads = larger(1, smaller(wanted, MOST_THREADS));
    for (int32_t number = 1; number < threads; number++) {
        pthread_t thread;
        if (pthread_create(&thread, 0, serve, (void *)(intptr_t)number)) {
            abort(); /* fewer threads than asked for would be measured as if they were all */
        }
        pthread_detach(thread);
    }
}
