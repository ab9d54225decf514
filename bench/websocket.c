// WebSockets (RFC 6455) fast enough that the proxy between is what is measured: a service that echoes, and the client
// that asks it. Built by install.py with the system's cc, run as a process of its own:
//
//   websocket echo PORT
//   websocket load PORT CONNECTIONS BYTES SECONDS RATE
//
// `load` opens its connections, prints {"open": N}, and waits for a line; then each connection sends one message after
// another, the next once the echo is there (RATE 0), or all of them together RATE messages a second, each counted from when
// it was due. It prints what came back as JSON, and closes at the next line. Every echo is compared byte by byte.
// Knows no proxy. One thread; every wait ends after LIMIT at the latest.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 2048, LIMIT = 10, MOST_CONNECTIONS = 10000, MOST_BYTES = 1024, MOST_FILES = 32768 };

// The key and what a server must make of it, as RFC 6455 1.3 has them: one pair spares the service the hash.
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

typedef struct {
  int fd;
  int upgraded;
  size_t have;
  int64_t due;       // nanoseconds; 0: no message is under way
  uint64_t sequence; // of the message under way, the beginning of its text
  uint8_t bytes[BUFFER];
} Connection;

static void fail(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  vfprintf(stderr, format, rest);
  va_end(rest);
  fputc('\n', stderr);
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

static void tune(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void watch(int poll, Connection *one) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, one->fd, &event) < 0) fail("epoll: %s", strerror(errno));
}

// A message is far smaller than a socket's buffer and only one is under way, so a write is whole or the run is void.
static void send_all(int fd, const void *bytes, size_t length) {
  if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) fail("a message was not sent whole: %s", strerror(errno));
}

// The length of a head at the beginning, or 0 if its end is not there yet.
static size_t head(const Connection *one) {
  const uint8_t *end = memmem(one->bytes, one->have, "\r\n\r\n", 4);
  return end ? (size_t)(end - one->bytes) + 4 : 0;
}

typedef struct {
  size_t whole, text; // bytes of the frame, and of its text
  uint8_t *start;
  const uint8_t *mask; // NULL: it has none
} Frame;

// Whether a whole frame is there. Only what the other side here sends: binary, in one piece, up to 64 KiB.
static int frame(uint8_t *at, size_t have, Frame *found) {
  if (have < 2) return 0;
  if (at[0] != 0x82) fail("a frame that begins with %02x", at[0]);
  size_t length = at[1] & 0x7f, before = 2;
  if (length == 127) fail("a frame that is too long");
  if (length == 126) {
    if (have < 4) return 0;
    length = at[2] << 8 | at[3], before = 4;
  }
  found->mask = at[1] & 0x80 ? at + before : NULL;
  before += found->mask ? 4 : 0;
  *found = (Frame){before + length, length, at + before, found->mask};
  if (found->whole > BUFFER) fail("a frame of %zu bytes", found->whole);
  return have >= found->whole;
}

// Writes a frame's head; its length.
static size_t frame_head(uint8_t *to, size_t length, uint8_t mask_bit) {
  to[0] = 0x82;
  if (length < 126) {
    to[1] = mask_bit | length;
    return 2;
  }
  to[1] = mask_bit | 126, to[2] = length >> 8, to[3] = length & 0xff;
  return 4;
}

static void drop(Connection *one, size_t length) {
  one->have -= length;
  if (one->have) memmove(one->bytes, one->bytes + length, one->have);
}

// Reads what is there once; 0 at the end of the stream.
static int receive(Connection *one) {
  ssize_t got = recv(one->fd, one->bytes + one->have, BUFFER - one->have, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return 1;
  if (got <= 0) return 0;
  one->have += got;
  return 1;
}

// ---- The service

static void echo_frames(Connection *one) {
  Frame found;
  uint8_t out[BUFFER + 8];
  while (frame(one->bytes, one->have, &found)) {
    size_t before = frame_head(out, found.text, 0);
    if (!found.mask) fail("a client's frame without a mask");
    for (size_t i = 0; i < found.text; i++) out[before + i] = found.start[i] ^ found.mask[i & 3];
    send_all(one->fd, out, before + found.text);
    drop(one, found.whole);
  }
}

static void upgrade(Connection *one) {
  static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n";
  size_t length = head(one);
  if (!length) return;
  if (!memmem(one->bytes, length, KEY, strlen(KEY))) fail("an upgrade without the key");
  send_all(one->fd, answer, sizeof answer - 1);
  one->upgraded = 1;
  drop(one, length);
}

static void echo(int port) {
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
  struct sockaddr_in at = loopback(port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (void *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) fail("port %d: %s", port, strerror(errno));
  Connection first = {.fd = listener};
  watch(poll, &first);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(poll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      Connection *one = events[i].data.ptr;
      if (one == &first) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) continue;
        Connection *new = calloc(1, sizeof *new);
        if (!new || fd > MOST_FILES) fail("too many connections");
        new->fd = fd;
        tune(fd);
        watch(poll, new);
      } else if (!receive(one)) {
        close(one->fd);
        free(one);
      } else {
        if (!one->upgraded) upgrade(one);
        if (one->upgraded) echo_frames(one);
      }
    }
  }
}

// ---- The client

static Connection *all;
static int connections, bytes;
static uint64_t sent, random_state = 0x9e3779b97f4a7c15;

static uint64_t next_random(void) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return random_state;
}

// The text of a message: its sequence, then letters. Compared with what comes back.
static void text(uint8_t *to, uint64_t sequence) {
  memset(to, 'a' + sequence % 26, bytes);
  memcpy(to, &sequence, sizeof sequence);
}

static void ask(Connection *one, int64_t due) {
  uint8_t out[MOST_BYTES + 16];
  size_t before = frame_head(out, bytes, 0x80);
  uint32_t mask = next_random();
  memcpy(out + before, &mask, 4);
  uint8_t *start = out + before + 4;
  one->due = due, one->sequence = ++sent;
  text(start, one->sequence);
  for (int i = 0; i < bytes; i++) start[i] ^= ((uint8_t *)&mask)[i & 3];
  send_all(one->fd, out, before + 4 + bytes);
}

// Whether the echo of the message under way is there.
static int answered(Connection *one) {
  Frame found;
  uint8_t wanted[MOST_BYTES];
  if (!receive(one)) fail("a WebSocket was closed by the proxy");
  if (!frame(one->bytes, one->have, &found)) return 0;
  text(wanted, one->sequence);
  if (!one->due || found.mask || found.text != (size_t)bytes || memcmp(found.start, wanted, bytes)) fail("a wrong echo");
  drop(one, found.whole);
  return 1;
}

static void open_one(Connection *one, int port) {
  static const char request[] = "GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n";
  struct sockaddr_in at = loopback(port);
  struct timeval limit = {.tv_sec = LIMIT};
  one->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (one->fd < 0 || connect(one->fd, (void *)&at, sizeof at) < 0) fail("connecting: %s", strerror(errno));
  tune(one->fd);
  setsockopt(one->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  send_all(one->fd, request, sizeof request - 1);
  size_t length;
  while (!(length = head(one))) {
    ssize_t got = recv(one->fd, one->bytes + one->have, BUFFER - one->have, 0);
    if (got <= 0) fail("no answer to an upgrade: %s", got ? strerror(errno) : "closed");
    one->have += got;
  }
  if (memcmp(one->bytes, "HTTP/1.1 101", 12) || !memmem(one->bytes, length, ACCEPT, strlen(ACCEPT)))
    fail("not upgraded: %.60s", (char *)one->bytes);
  drop(one, length);
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

// Reads one line of standard input: the word to begin, or to end.
static void await_word(void) {
  char line[16];
  if (!fgets(line, sizeof line, stdin)) exit(0);
}

static void load(int port, double seconds, double rate) {
  int poll = epoll_create1(0);
  all = calloc(connections, sizeof *all);
  if (!all) fail("no memory");
  for (int i = 0; i < connections; i++) {
    open_one(&all[i], port);
    watch(poll, &all[i]);
  }
  printf("{\"open\": %d}\n", connections);
  fflush(stdout);
  await_word();

  size_t room = rate ? rate * seconds + connections : 0, kept = 0;
  uint32_t *durations = calloc(room + 1, sizeof *durations);
  if (!durations) fail("no memory");
  int64_t begun = now(), end = begun + seconds * 1e9, step = rate ? 1e9 / rate : 0, due = begun, last = begun;
  uint64_t done = 0;
  int next = 0;
  if (!rate)
    for (int i = 0; i < connections; i++) ask(&all[i], begun);
  for (;;) {
    int64_t time = now();
    // A connection whose echo is late holds up the ones after it: they are counted from when they were due all the same.
    while (rate && due <= time && due < end && !all[next].due) {
      ask(&all[next], due);
      next = (next + 1) % connections, due += step;
    }
    int sending = rate ? due < end : time < end;
    if (!sending && sent == done) break;
    if (time > end + LIMIT * 1000000000LL || time > last + LIMIT * 1000000000LL) fail("an echo did not come within %d s", LIMIT);
    struct epoll_event events[256];
    int64_t wait = rate && due < end && due > time ? due - time : 1000000000LL;
    struct timespec until = {wait / 1000000000LL, wait % 1000000000LL};
    int count = epoll_pwait2(poll, events, 256, &until, NULL);
    if (count > 0) last = now();
    for (int i = 0; i < count; i++) {
      Connection *one = events[i].data.ptr;
      if (!answered(one)) continue;
      done++;
      if (kept < room) durations[kept++] = (now() - one->due) / 1000;
      one->due = 0;
      if (!rate && last < end) ask(one, last);
    }
  }
  double took = (now() - begun) / 1e9;
  qsort(durations, kept, sizeof *durations, by_size);
  printf("{\"requests\": %llu, \"seconds\": %.6f, \"durations_us\": [", (unsigned long long)done, took);
  for (size_t i = 0; i < kept; i++) printf(i ? ",%u" : "%u", durations[i]);
  printf("]}\n");
  fflush(stdout);
  await_word();
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "echo")) echo(atoi(argv[2]));
  if (argc != 7 || strcmp(argv[1], "load")) fail("websocket echo PORT | load PORT CONNECTIONS BYTES SECONDS RATE");
  connections = atoi(argv[3]), bytes = atoi(argv[4]);
  double seconds = atof(argv[5]), rate = atof(argv[6]);
  if (connections < 1 || connections > MOST_CONNECTIONS || bytes < 8 || bytes > MOST_BYTES || seconds <= 0 || seconds > 60 ||
      rate < 0 || rate > 1e6)
    fail("out of bounds");
  load(atoi(argv[2]), seconds, rate);
}
