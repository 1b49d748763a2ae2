/* The contract between the Backhaul daemon and a provider, major version 1.
 *
 * A provider is a shared library that exports backhaul_provider_entry. All data are JSON, UTF-8,
 * without a terminating zero; the documentation of the Rust crate backhaul-provider-api describes
 * every message (module `message`). No memory changes its owner: input is borrowed for the time
 * of a call, output is written into the caller's sink. A session is used by one thread only.
 * The library runs in a sandbox without files, network, threads or child processes.
 */
#ifndef BACKHAUL_PROVIDER_H
#define BACKHAUL_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BACKHAUL_MAJOR 1u
#define BACKHAUL_MINOR 0u
#define BACKHAUL_MESSAGE_MAX (32u << 20) /* bytes, each JSON message, either way */

#define BACKHAUL_DONE 0   /* an outcome {"ok":...} or {"error":{...}} was written */
#define BACKHAUL_BROKEN 1 /* nothing useful was written */

/* Takes bytes out of a call; the pieces of several writes are joined. */
typedef struct backhaul_sink {
    void *context;
    void (*write)(void *context, const uint8_t *data, size_t length);
} backhaul_sink;

/* What a provider may call while its `call` runs. */
typedef struct backhaul_host {
    size_t size;
    void *context;
    /* Answers {"ask":"send"|"now"|"random"|"log","request":...}. */
    int32_t (*ask)(void *context, const uint8_t *request, size_t length, backhaul_sink reply);
} backhaul_host;

/* A provider's functions; fields are only ever added at the end. */
typedef struct backhaul_table {
    size_t size;
    uint32_t major;
    uint32_t minor;
    /* Writes the outcome of a description. */
    int32_t (*describe)(backhaul_sink reply);
    /* Takes an account, begins a session, writes an outcome of null. */
    int32_t (*open)(const uint8_t *account, size_t length, backhaul_sink reply, void **session);
    /* Carries out {"op":...,"request":...}, writes its outcome. */
    int32_t (*call)(void *session, const backhaul_host *host, const uint8_t *request,
                    size_t length, backhaul_sink reply);
    /* Ends a session. */
    void (*close)(void *session);
} backhaul_table;

/* Returns the table for that major version of the contract, or NULL. For 0 it returns a table of
 * which only size, major and minor count: the newest contract the library was built for. */
const backhaul_table *backhaul_provider_entry(uint32_t major);

#ifdef __cplusplus
}
#endif

#endif
