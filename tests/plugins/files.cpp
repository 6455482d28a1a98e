// Skills that leave files, in the directory of their call and elsewhere, and skills that work with assets.
#include <toolrack/plugin.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace tr = toolrack;

class Files final : public tr::Plugin {
 public:
  explicit Files(const tr::Host& host) : Plugin(host) {
    skill<&Files::one>("one");
    skill<&Files::nested>("nested");
    skill<&Files::where>("where");
    skill<&Files::outside>("outside");
    skill<&Files::above>("above");
    skill<&Files::link>("link");
    skill<&Files::fifo>("fifo");
    skill<&Files::device>("device");
    skill<&Files::unasked>("unasked");
    skill<&Files::written>("written");
    skill<&Files::unclosed>("unclosed");
    skill<&Files::reads>("reads");
  }

 private:
  static std::string directory(const tr::Call& call) { return call.info(TR_INFO_SCRATCH).str(); }
  static void write(const std::string& path, const char* text) { std::ofstream(path) << text; }
  static std::string quoted(const std::string& text) { return '"' + text + '"'; }

  tr::Reply one(tr::Call& call) {
    write(directory(call) + "/report.txt", "a report");
    return tr::Reply::json("{\"report_path\":\"report.txt\",\"n\":1.50}");
  }
  tr::Reply nested(tr::Call& call) {
    const auto at = directory(call);
    write(at + "/a.png", "A");
    write(at + "/b.mp3", "B");
    ::mkdir((at + "/sub").c_str(), 0700);
    write(at + "/sub/c.html", "C");
    return tr::Reply::json("{\"items\":[{\"image_path\":\"a.png\"},[{\"deep\":{\"sound_path\":[\"b.mp3\"," +
                           quoted(at + "/sub/c.html") + "]}}]],\"none_path\":null,\"path\":\"/etc/passwd\"}");
  }
  tr::Reply where(tr::Call& call) {
    const auto at = directory(call);
    const bool is_same = directory(call) == at;
    return tr::Reply::json("{\"directory\":" + quoted(at) + ",\"is_same\":" + (is_same ? "true" : "false") + "}");
  }
  static tr::Reply named(const std::string& path) { return tr::Reply::json("{\"x_path\":" + quoted(path) + "}"); }
  tr::Reply outside(tr::Call& call) {
    directory(call);
    return named("/etc/passwd");
  }
  tr::Reply above(tr::Call& call) { return named(directory(call) + "/../../../../../../etc/passwd"); }
  tr::Reply link(tr::Call& call) {
    const auto path = directory(call) + "/link";
    if (::symlink("/etc/passwd", path.c_str()) != 0) return named("report.txt");
    return named("link");
  }
  tr::Reply fifo(tr::Call& call) {
    ::mkfifo((directory(call) + "/fifo").c_str(), 0600);
    return named("fifo");
  }
  tr::Reply device(tr::Call& call) {
    directory(call);
    return named("/dev/zero");
  }
  tr::Reply unasked(tr::Call&) { return named("/etc/passwd"); }

  tr::Task written(tr::Call call) {
    const tr::Reply opened = co_await call.asset_open("a.txt", "text/plain");
    if (!opened.ok()) co_return opened;
    const tr::Reply first = co_await call.asset_append(opened.number(), "first ");
    if (!first.ok()) co_return first;
    const tr::Reply second = co_await call.asset_append(opened.number(), "second");
    if (!second.ok()) co_return second;
    const tr::Reply closed = co_await call.asset_close(opened.number());
    if (!closed.ok()) co_return closed;
    co_return tr::Reply::json(std::string(closed.body()));
  }
  tr::Task unclosed(tr::Call call) {
    const tr::Reply opened = co_await call.asset_open("a.txt", "text/plain");
    if (!opened.ok()) co_return opened;
    const tr::Reply appended = co_await call.asset_append(opened.number(), "never seen");
    if (!appended.ok()) co_return appended;
    co_return tr::Reply::json("{\"appended\":true}");
  }
  /// {"id":"as_..."}
  tr::Task reads(tr::Call call) {
    const std::string input = call.input().str();
    const auto from = input.find("as_");
    const std::string id = from == std::string::npos ? "" : input.substr(from, 35);
    const tr::Reply found = co_await call.asset_stat(id);
    if (!found.ok()) co_return found;
    const tr::Reply bytes = co_await call.asset_read(id, 6, 100);
    if (!bytes.ok()) co_return bytes;
    co_return tr::Reply::json("{\"end\":" + quoted(std::string(bytes.body())) + "}");
  }
};

TOOLRACK_PLUGIN(Files)
