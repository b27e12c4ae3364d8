/* Work that threads share; POSIX mutexes, as much of them as is needed here for Windows. */

#ifndef ASE_ECN_THREADS_H
#define ASE_ECN_THREADS_H

#include <stdint.h>

#if !defined(_WIN32)

#include <pthread.h>

#else

#include <windows.h>

typedef SRWLOCK pthread_mutex_t;

static inline void pthread_mutex_init(pthread_mutex_t *lock, const void *attributes)
{
    (void)attributes;
    InitializeSRWLock(lock);
}

static inline void pthread_mutex_lock(pthread_mutex_t *lock) { AcquireSRWLockExclusive(lock); }
static inline void pthread_mutex_unlock(pthread_mutex_t *lock) { ReleaseSRWLockExclusive(lock); }
static inline void pthread_mutex_destroy(pthread_mutex_t *lock) { (void)lock; }

#endif

enum { MAX_THREADS = 256 };

/* Runs a worker in the calling thread and in others, at most `threads` in all, and waits for all of
   them. Workers share the work by a lock of its own that is made here, and each goes on until none
   is left: a thread that comes late, or cannot be started, leaves its part to the others. */
void run_in_threads(int64_t threads, void *(*worker)(void *), void *work, pthread_mutex_t *lock);

#endif
