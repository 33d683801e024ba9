// References: to scalars, structures, arrays, pointers, containers; rvalue references; pointers to members.
#include <string>
#include <utility>
#include "crash.h"

struct Wallet {
    int coins = 5;
    long notes = 6;
    int count(int factor) { return coins * factor; }
};
struct Holder { int &number; const Wallet &wallet; };

NOINLINE int borrow(int &number, const double &ratio, Wallet &wallet, int (&values)[3], const char *&text, std::string &&moved) {
    Holder holder{number, wallet};
    const int &alias = number, &bound = 42;
    Wallet &&temporary = Wallet{7, 8};
    int Wallet::*member = &Wallet::coins;
    int (Wallet::*method)(int) = &Wallet::count;
    KEEP(holder); KEEP(temporary); KEEP(member); KEEP(method); KEEP(text); KEEP(moved); KEEP(values); KEEP(ratio); KEEP(bound); KEEP(wallet);
    crash(alias);
    return wallet.*member + (wallet.*method)(2);
}

int main() {
    int number = 3, values[3] = {7, 8, 9};
    double ratio = 0.25;
    Wallet wallet;
    const char *text = "text";
    KEEP(number); KEEP(values); KEEP(ratio); KEEP(wallet); KEEP(text);
    int result = borrow(number, ratio, wallet, values, text, std::string("moved"));
    BARRIER();
    return result;
}
