// What the generator and the back end share of HTTP/1.1: where a head ends, one field of it, and how a body is framed.
// Not a strict reader: both ends of the bench are ours, and what stands between them is what is measured.
#ifndef HEADGATE_BENCH_HTTP1_H
#define HEADGATE_BENCH_HTTP1_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/** Length of the head with its empty line, 0 while it is incomplete. */
static inline size_t head_length(const char *bytes, size_t count) {
  const char *end = memmem(bytes, count, "\r\n\r\n", 4);
  return end == NULL ? 0 : (size_t)(end - bytes) + 4;
}

/** The value of a field, ending at a carriage return, or NULL. The name is given in any case, without a colon. */
static inline const char *head_field(const char *head, size_t length, const char *name) {
  const size_t name_length = strlen(name);
  const char *end = head + length;
  const char *line = memchr(head, '\n', length);
  while (line != NULL && line + 1 + name_length < end) {
    line += 1;
    if (line[name_length] == ':' && strncasecmp(line, name, name_length) == 0) {
      const char *value = line + name_length + 1;
      while (value < end && (*value == ' ' || *value == '\t')) value += 1;
      return value;
    }
    line = memchr(line, '\n', (size_t)(end - line));
  }
  return NULL;
}

enum body_state { BODY_COUNTED, CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_BYTES, CHUNK_END, TRAILER_LINE_START, TRAILER_LINE, TRAILER_LAST };

/** A body while it arrives: bytes still due (of the whole, or of this chunk), and whether it is complete. */
struct body {
  enum body_state state;
  unsigned long long left;
  int complete;
};

/** How the body after this head is framed: chunked, counted, or absent. */
static inline struct body body_after(const char *head, size_t length) {
  const char *coding = head_field(head, length, "transfer-encoding");
  if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) return (struct body){.state = CHUNK_SIZE};
  const char *declared = head_field(head, length, "content-length");
  const unsigned long long left = declared == NULL ? 0 : strtoull(declared, NULL, 10);
  return (struct body){.state = BODY_COUNTED, .left = left, .complete = left == 0};
}

static inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = (char)(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/** Takes bytes of the body and says how many belonged to it; -1 when the chunked coding is malformed (RFC 9112 §7.1). */
static inline long body_take(struct body *body, const char *bytes, size_t count) {
  size_t at = 0;
  while (at < count && !body->complete) {
    if (body->state == BODY_COUNTED || body->state == CHUNK_BYTES) {
      const size_t taken = count - at < body->left ? count - at : (size_t)body->left;
      body->left -= taken;
      at += taken;
      if (body->left > 0) break;
      if (body->state == BODY_COUNTED) body->complete = 1;
      else body->state = CHUNK_END;
      continue;
    }
    const char c = bytes[at++];
    switch (body->state) {
      case CHUNK_SIZE: {
        const int digit = hex_digit(c);
        if (digit >= 0) body->left = body->left * 16 + (unsigned)digit;
        else if (c == ';' || c == ' ') body->state = CHUNK_EXTENSION;
        else if (c == '\n') body->state = body->left > 0 ? CHUNK_BYTES : TRAILER_LINE_START;
        else if (c != '\r') return -1;
        break;
      }
      case CHUNK_EXTENSION:
        if (c == '\n') body->state = body->left > 0 ? CHUNK_BYTES : TRAILER_LINE_START;
        break;
      case CHUNK_END:
        if (c == '\n') body->state = CHUNK_SIZE;
        else if (c != '\r') return -1;
        break;
      case TRAILER_LINE_START:
        if (c == '\r') body->state = TRAILER_LAST;
        else if (c == '\n') body->complete = 1;
        else body->state = TRAILER_LINE;
        break;
      case TRAILER_LINE:
        if (c == '\n') body->state = TRAILER_LINE_START;
        break;
      case TRAILER_LAST:
        if (c != '\n') return -1;
        body->complete = 1;
        break;
      default: return -1;
    }
  }
  return (long)at;
}

#endif
