/* POSIX threads, as much of them as is needed here for Windows, and work that threads share. */

#ifndef ASE_ECN_THREADS_H
#define ASE_ECN_THREADS_H

#include <stdint.h>

#if !defined(_WIN32)

#include <pthread.h>

#else

#include <stdlib.h>
#include <windows.h>

typedef HANDLE pthread_t;
typedef SRWLOCK pthread_mutex_t;

typedef struct {
    void *(*run)(void *);
    void *argument;
} Started;

static DWORD WINAPI run_started(LPVOID given)
{
    Started started = *(Started *)given;
    free(given);
    started.run(started.argument);
    return 0;
}

static int pthread_create(pthread_t *thread, const void *attributes, void *(*run)(void *),
                          void *argument)
{
    Started *started = malloc(sizeof(Started));
    (void)attributes;
    if (!started)
        return -1;
    started->run = run;
    started->argument = argument;
    *thread = CreateThread(NULL, 0, run_started, started, 0, NULL);
    if (*thread)
        return 0;
    free(started);
    return -1;
}

static void pthread_join(pthread_t thread, void **result)
{
    (void)result;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static void pthread_mutex_init(pthread_mutex_t *lock, const void *attributes)
{
    (void)attributes;
    InitializeSRWLock(lock);
}

static void pthread_mutex_lock(pthread_mutex_t *lock) { AcquireSRWLockExclusive(lock); }
static void pthread_mutex_unlock(pthread_mutex_t *lock) { ReleaseSRWLockExclusive(lock); }
static void pthread_mutex_destroy(pthread_mutex_t *lock) { (void)lock; }

#endif

enum { MAX_THREADS = 256 };

/* Runs a worker in the calling thread and in others, `threads` in all, and waits for all of them.
   Workers share the work by a lock of its own that is made here; where a thread cannot be started,
   the others do its part. Threads are made for the call: a pool would hang in the children of a
   fork. */
static inline void run_in_threads(int64_t threads, void *(*worker)(void *), void *work,
                                  pthread_mutex_t *lock)
{
    pthread_t others[MAX_THREADS];
    int64_t started = 0;
    threads = threads < MAX_THREADS ? threads : MAX_THREADS;
    pthread_mutex_init(lock, NULL);
    while (started < threads - 1 && pthread_create(&others[started], NULL, worker, work) == 0)
        started++;
    worker(work);
    for (int64_t k = 0; k < started; k++)
        pthread_join(others[k], NULL);
    pthread_mutex_destroy(lock);
}

#endif
