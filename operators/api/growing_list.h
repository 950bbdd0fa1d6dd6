// GrowingList: a list that grows at its end, as points of a search do, in blocks that its copies
// share. To copy it, to compare it with a copy that has grown, and to write down what is new costs
// what is new, not what is there.
//
// Thread safety: as a value; full blocks never change.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace lockstep {

template <class T>
class GrowingList {
 public:
  static constexpr std::size_t kBlockSize = 32;
  using Block = std::shared_ptr<const std::vector<T>>;

  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    Iterator() = default;
    Iterator(const GrowingList* list, std::size_t index) : list_(list), index_(index) {}
    reference operator*() const { return (*list_)[index_]; }
    pointer operator->() const { return &**this; }
    reference operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator+=(difference_type n) {
      index_ = static_cast<std::size_t>(static_cast<difference_type>(index_) + n);
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this += -1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator it, difference_type n) { return it += n; }
    friend Iterator operator+(difference_type n, Iterator it) { return it += n; }
    friend Iterator operator-(Iterator it, difference_type n) { return it -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) {
      return static_cast<difference_type>(a.index_) - static_cast<difference_type>(b.index_);
    }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.index_ <=> b.index_; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }

   private:
    const GrowingList* list_ = nullptr;
    std::size_t index_ = 0;
  };

  GrowingList() = default;
  explicit GrowingList(std::vector<T> values) {
    for (T& value : values) push_back(std::move(value));
  }

  // As of a standard container.
  using value_type = T;
  using const_iterator = Iterator;
  std::size_t size() const { return blocks_.size() * kBlockSize + tail_.size(); }
  bool empty() const { return size() == 0; }
  const T& operator[](std::size_t i) const {
    const std::size_t block = i / kBlockSize;
    return block < blocks_.size() ? (*blocks_[block])[i % kBlockSize] : tail_[i % kBlockSize];
  }
  const T& back() const { return (*this)[size() - 1]; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
  void push_back(T value) {
    tail_.push_back(std::move(value));
    if (tail_.size() < kBlockSize) return;
    blocks_.push_back(std::make_shared<const std::vector<T>>(std::exchange(tail_, {})));
  }

  // The full blocks, kBlockSize values each, and what is behind them.
  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<T>& tail() const { return tail_; }

  friend bool operator==(const GrowingList& a, const GrowingList& b) {
    if (a.size() != b.size() || a.tail_ != b.tail_) return false;
    for (std::size_t i = 0; i < a.blocks_.size(); ++i) {
      if (a.blocks_[i] != b.blocks_[i] && *a.blocks_[i] != *b.blocks_[i]) return false;
    }
    return true;
  }

 private:
  std::vector<Block> blocks_;
  std::vector<T> tail_;  // fewer than kBlockSize
};

}  // namespace lockstep
