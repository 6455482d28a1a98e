/// Which plugin's code each thread of a worker that carries several is inside of, in memory that the gateway has too:
/// when the process has ended, it reads there who was running.
///
/// One word a thread, and entering and leaving a plugin is a store each. What a plugin does to memory it can do to the
/// board: it is evidence among plugins that share a process anyway, and nothing that the gateway relies on.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace toolrack::worker {

/// [gateway] Memory for a board; -1 when the system gives none.
int make_board() noexcept;
/// [gateway] The guests whose code some thread was inside of, each once. Read, not mapped: nothing that the worker does
/// to its memory can harm the reader.
std::vector<std::uint16_t> read_board(int descriptor);

/// [worker] One a process, to its end. Threads: any.
class Board {
 public:
  /// Takes the descriptor, which is closed; -1: nobody will read what is shown.
  explicit Board(int descriptor);
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// This thread is inside that guest, or, as `outside`, waits for the gateway, until the mark goes. Marks of a thread
  /// nest.
  class Mark {
   public:
    Mark(Board& board, std::uint16_t guest) noexcept : Mark(board.word(), std::uint32_t{guest} + kFirstGuest) {}
    static Mark outside(Board& board) noexcept { return Mark(board.word(), kOutside); }
    ~Mark() { word_.store(outer_, std::memory_order_relaxed); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    Mark(std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept
        : word_(word), outer_(word.load(std::memory_order_relaxed)) {
      word_.store(value, std::memory_order_relaxed);
    }
    std::atomic<std::uint32_t>& word_;
    const std::uint32_t outer_;
  };

 private:
  friend std::vector<std::uint16_t> read_board(int descriptor);
  enum : std::uint32_t { kNobody = 0, kOutside, kFirstGuest };
  std::atomic<std::uint32_t>& word() noexcept;
  std::atomic<std::uint32_t>* take_word() noexcept;

  std::atomic<std::uint32_t>* const words_;
  std::atomic<std::uint32_t> nowhere_{kOutside};  // For threads beyond those that have a word.
};

}  // namespace toolrack::worker
