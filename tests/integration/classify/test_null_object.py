"""A library's member function called through a null pointer: the report names the program's own pointer."""

import subprocess
from pathlib import Path

import pytest

OBIT = Path(__file__).parents[3] / ".venv" / "bin" / "obit"
SOURCE = """
#include <vector>
struct Cart {
    std::vector<int> items;
    Cart *parent = nullptr;
    Cart *child = nullptr;
};
__attribute__((noinline)) std::size_t total(Cart &cart) {
    return cart.items.size() +
           cart.parent->items.size();
}
int main() {
    Cart cart;
    return static_cast<int>(total(cart));
}
"""


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_the_pointer_that_the_line_dereferences_is_named(tmp_path: Path, level: str) -> None:
    (tmp_path / "cart.cpp").write_text(SOURCE)
    subprocess.run(["g++", "-g", level, "cart.cpp", "-o", "cart"], cwd=tmp_path, check=True)
    ran = subprocess.run([OBIT, "run", "--", tmp_path / "cart"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "through `cart.parent` (null)" in " ".join(ran.stderr.split())
    assert "cart.child` (null)" not in ran.stderr


SMART = """
#include <iostream>
#include <memory>
#include <string>
struct Supplier { std::string name; };
__attribute__((noinline)) std::string offer(const std::string &article, const std::shared_ptr<Supplier> &supplier) {
    return article + " from " + supplier->name;
}
int main() { std::cout << offer("cup", nullptr) << std::endl; }
"""


def test_an_empty_smart_pointer_is_named(tmp_path: Path) -> None:
    (tmp_path / "offer.cpp").write_text(SMART)
    subprocess.run(["g++", "-g", "offer.cpp", "-o", "offer"], cwd=tmp_path, check=True)
    ran = subprocess.run([OBIT, "run", "--", tmp_path / "offer"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "through `supplier` (null)" in " ".join(ran.stderr.split())
