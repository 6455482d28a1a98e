/// Clang's thread-safety attributes, checked by -Wthread-safety; nothing for other compilers.
#pragma once

#if defined(__clang__)
#define TR_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define TR_THREAD_ATTRIBUTE(x)
#endif

#define TR_CAPABILITY(name) TR_THREAD_ATTRIBUTE(capability(name))
#define TR_SCOPED_CAPABILITY TR_THREAD_ATTRIBUTE(scoped_lockable)
#define TR_GUARDED_BY(mutex) TR_THREAD_ATTRIBUTE(guarded_by(mutex))
#define TR_REQUIRES(...) TR_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define TR_ACQUIRE(...) TR_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TR_RELEASE(...) TR_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TR_EXCLUDES(...) TR_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define TR_NO_THREAD_SAFETY_ANALYSIS TR_THREAD_ATTRIBUTE(no_thread_safety_analysis)
