#include "analysis/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace toolrack::seo {
namespace {

class Inflater {
 public:
  Inflater() { is_ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }
  bool is_ready() const noexcept { return is_ready_; }
  z_stream& stream() noexcept { return stream_; }

 private:
  z_stream stream_{};
  bool is_ready_ = false;
};

}  // namespace

bool is_gzip(std::string_view bytes) noexcept { return bytes.starts_with("\x1F\x8B"); }

Unpacked gunzip(std::string_view packed, std::size_t max_bytes) {
  Unpacked out;
  Inflater inflater;
  if (!inflater.is_ready()) {
    out.error = "out of memory";
    return out;
  }
  z_stream& stream = inflater.stream();
  // zlib's interface; it only reads.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), 1U << 30U));
  std::array<char, 64 * 1024> block{};
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = block.size() - stream.avail_out;
    const std::size_t room = max_bytes - out.bytes.size();
    out.bytes.append(block.data(), std::min(got, room));
    if (got > room) {
      out.is_cut = true;
      return out;
    }
    if (result == Z_STREAM_END) {
      const std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
      if (!is_gzip(rest)) return out;
      inflateReset(&stream);
    } else if (result != Z_OK) {
      out.error = result == Z_BUF_ERROR ? "the gzip data ends too early"
                                        : std::string("the gzip data is damaged: ") +
                                              (stream.msg == nullptr ? "unknown reason" : stream.msg);
      return out;
    }
  }
}

}  // namespace toolrack::seo
