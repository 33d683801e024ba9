// Strings: short, long, empty, with zeros, wide, views, of both ABIs (the build decides).
#include <string>
#include <string_view>
#include "crash.h"

struct Person { std::string name; std::string city; int age; };

NOINLINE int greet(const std::string &greeting, std::string name, std::string_view view, Person person) {
    std::string empty, longer(100, 'z'), zeros("a\0b", 3), quoted = "say \"hi\"\n", utf8 = "Größe ✓";
    std::wstring wide = L"wide é";
    std::u16string sixteen = u"sixteen";
    std::string_view part = view.substr(2, 3), nothing;
    std::string *pointer = &name;
    const char *raw = name.c_str();
    KEEP(empty); KEEP(longer); KEEP(zeros); KEEP(quoted); KEEP(utf8); KEEP(wide); KEEP(sixteen); KEEP(part); KEEP(nothing); KEEP(pointer); KEEP(raw);
    KEEP(greeting); KEEP(name); KEEP(view); KEEP(person);
    crash(static_cast<int>(name.size()));
    BARRIER();
    return raw[0];
}

int main() {
    std::string greeting = "hello";
    KEEP(greeting);
    int result = greet(greeting, "a name that does not fit inside the object", "viewed text", Person{"Ada", "London", 36});
    BARRIER();
    return result;
}
