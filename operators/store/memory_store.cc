#include "operators/store/memory_store.h"

#include <mutex>
#include <utility>

namespace lockstep {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(StoreOptions options) : table_(std::move(options)) {}

  Result<ObjectPtr> Get(const ObjectKey& key) const override { return table_.Get(key); }
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override {
    return table_.List(filter);
  }
  Result<ObjectPtr> Create(Object object) override {
    return Apply({Write::Kind::kCreate, std::move(object), {}});
  }
  Result<ObjectPtr> Update(Object object) override {
    return Apply({Write::Kind::kUpdate, std::move(object), {}});
  }
  Result<ObjectPtr> UpdateStatus(Object object) override {
    if (ObjectPtr same = table_.SameStatus(object)) return same;
    return Apply({Write::Kind::kUpdateStatus, std::move(object), {}});
  }
  Status Delete(const ObjectKey& key) override {
    return Apply({Write::Kind::kDelete, {}, key}).status();
  }
  Status Remove(const ObjectKey& key) override {
    return Apply({Write::Kind::kRemove, {}, key}).status();
  }
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override {
    return table_.Watch(filter, std::move(on_change));
  }

 private:
  Result<ObjectPtr> Apply(Write write) {
    const std::lock_guard lock(writing_);
    Result<ObjectPtr> result = table_.Stage(std::move(write));
    table_.Publish();
    return result;
  }

  std::mutex writing_;
  ObjectTable table_;
};

}  // namespace

std::unique_ptr<Store> MakeMemoryStore(StoreOptions options) {
  return std::make_unique<MemoryStore>(std::move(options));
}

}  // namespace lockstep
