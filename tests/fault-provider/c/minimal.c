/* The smallest provider in C, to prove the header. It also tries to read a file while the library
 * is being opened, which the sandbox must prevent, and tells what came of it in its title. */
#include "backhaul_provider.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#ifndef MAJOR
#define MAJOR BACKHAUL_MAJOR
#endif

static int file_error;
static int socket_error;

__attribute__((constructor)) static void pry(void) {
    file_error = open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
    socket_error = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static void put(backhaul_sink sink, const char *text) {
    sink.write(sink.context, (const uint8_t *)text, strlen(text));
}

static int32_t describe(backhaul_sink reply) {
    char text[256];
    snprintf(text, sizeof text,
             "{\"ok\":{\"name\":\"minimal\",\"version\":\"1.0.0\","
             "\"title\":\"file: %s, socket: %s\",\"services\":[{\"name\":\"c\"}]}}",
             file_error ? strerror(file_error) : "read",
             socket_error ? strerror(socket_error) : "made");
    put(reply, text);
    return BACKHAUL_DONE;
}

static int32_t open_session(const uint8_t *account, size_t length, backhaul_sink reply,
                            void **session) {
    static char only_one;
    (void)account;
    (void)length;
    *session = &only_one;
    put(reply, "{\"ok\":null}");
    return BACKHAUL_DONE;
}

/* What the host answered, as it came in. */
static char answer[256];
static size_t answered;

static void collect(void *context, const uint8_t *data, size_t length) {
    (void)context;
    if (length > sizeof answer - answered) {
        length = sizeof answer - answered;
    }
    memcpy(answer + answered, data, length);
    answered += length;
}

static int32_t call(void *session, const backhaul_host *host, const uint8_t *request,
                    size_t length, backhaul_sink reply) {
    static const char now[] = "{\"ask\":\"now\"}";
    static const char ok[] = "{\"ok\":";
    backhaul_sink sink = {NULL, collect};
    (void)session;
    (void)request;
    (void)length;
    answered = 0;
    if (host->ask(host->context, (const uint8_t *)now, sizeof now - 1, sink) != BACKHAUL_DONE ||
        answered < sizeof ok || memcmp(answer, ok, sizeof ok - 1) != 0) {
        return BACKHAUL_BROKEN;
    }
    /* One instance, named by the host's clock; written in pieces, which the host joins. */
    put(reply, "{\"ok\":{\"instances\":[{\"id\":\"i-1\",\"name\":");
    reply.write(reply.context, (const uint8_t *)answer + sizeof ok - 1, answered - sizeof ok);
    put(reply, "}],\"next\":{\"end\":{\"complete\":true,\"count\":1}}}}");
    return BACKHAUL_DONE;
}

static void close_session(void *session) { (void)session; }

const backhaul_table *backhaul_provider_entry(uint32_t major) {
    static const backhaul_table table = {
        sizeof table, MAJOR, BACKHAUL_MINOR, describe, open_session, call, close_session,
    };
    return major == 0 || major == MAJOR ? &table : NULL;
}
