/// Bytes of standard input -> lines.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "transports/net/unique_fd.hpp"
#include "transports/stdio/line_input.hpp"

namespace toolrack::fuzz {
namespace {

using Lines = std::vector<std::string>;

Lines read(const std::vector<std::string_view>& pieces) {
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "there are pipes");
  const net::UniqueFd out(ends[0]);
  net::UniqueFd in(ends[1]);
  stdio::LineInput input(out.get());
  Lines lines;
  const auto take = [&] {
    require(input.is_readable(), "what was written, or the end, can be read");
    input.read_some();
    while (auto line = input.next()) {
      require(!line->is_too_long, "a small line is not too long");
      lines.push_back(std::move(line->text));
    }
  };
  for (const auto piece : pieces) {
    if (piece.empty()) continue;
    require(::write(in.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()), "a pipe takes this");
    take();
    require(!input.is_ended(), "what goes on has not ended");
  }
  in = net::UniqueFd();
  take();
  require(input.is_exhausted(), "after the end nothing is left");
  return lines;
}

Lines read_plainly(std::string_view bytes) {
  Lines lines;
  while (!bytes.empty()) {
    std::string line(take_until(bytes, "\n"));
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != line.npos) lines.push_back(line);
  }
  return lines;
}

}  // namespace

void check(std::string_view bytes) {
  const auto expected = read_plainly(bytes);
  require(read({bytes}) == expected, "lines end where they end");
  require(read(cut(bytes, 0)) == expected, "where the bytes are cut changes nothing");
}

}  // namespace toolrack::fuzz
