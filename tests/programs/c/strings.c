/* Text: pointers and arrays, empty, long, binary, UTF-8, unterminated, invalid pointers. */
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
#include "crash.h"

struct message { char subject[16]; char *body; unsigned char digest[4]; };

NOINLINE int print(const char *format, char *buffer, const unsigned char *raw) {
    char fixed[12] = "fixed", full[4] = {'f', 'u', 'l', 'l'}, empty[1] = "", escaped[] = "tab\t\"quote\" \\ \x01 end";
    const char *utf8 = "Größe ✓", *null = 0, *nothing = "", *wild = (const char *)16;
    const wchar_t *wide = L"wide é";
    const char16_t *sixteen = u"sixteen";
    char *heap = strdup("on the heap");
    char *longer = malloc(301);
    memset(longer, 'y', 300);
    longer[300] = 0;
    struct message message = {"hello", "body text", {1, 2, 3, 255}};
    const char **indirect = &format;
    KEEP(fixed); KEEP(full); KEEP(empty); KEEP(escaped); KEEP(utf8); KEEP(null); KEEP(nothing); KEEP(wild); KEEP(wide); KEEP(sixteen);
    KEEP(heap); KEEP(longer); KEEP(message); KEEP(indirect); KEEP(buffer); KEEP(raw);
    crash(fixed[0]);
    return full[0];
}

int main(void) {
    char buffer[32] = "buffer";
    const unsigned char raw[] = "raw bytes";
    KEEP(buffer); KEEP(raw);
    int result = print("%s: %d", buffer, raw);
    BARRIER();
    return result;
}
