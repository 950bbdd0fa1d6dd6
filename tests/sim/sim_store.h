// A memory store as an operator sees it through a FaultGate, and its watch events: late, merged,
// out of order between objects, now and then twice; in order for one object and none lost, as
// store.h promises.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "operators/store/store.h"
#include "tests/sim/fault_gate.h"

namespace lockstep::sim {

// What the world knows of all objects.
using Objects = std::map<ObjectKey, ObjectPtr>;

class SimStore final : public Store {
 public:
  // `on_change` sees each change as it is made; null: it was not there, or is gone.
  using Observer = std::function<void(const ObjectPtr& before, const ObjectPtr& after)>;
  SimStore(std::unique_ptr<Store> store, FaultGate& gate, Random& random, Observer on_change);

  // The operator's side.
  Result<ObjectPtr> Get(const ObjectKey& key) const override;
  Result<std::vector<ObjectPtr>> List(const ListFilter& filter) const override;
  Result<ObjectPtr> Create(Object object) override;
  Result<ObjectPtr> Update(Object object) override;
  Result<ObjectPtr> UpdateStatus(Object object) override;
  Status Delete(const ObjectKey& key) override;
  Status Remove(const ObjectKey& key) override;
  std::unique_ptr<Subscription> Watch(const ListFilter& filter,
                                      std::function<void(const Change&)> on_change) override;

  // The users' side: no faults.
  Result<ObjectPtr> UserCreate(Object object);
  Result<ObjectPtr> UserUpdate(Object object);
  Status UserDelete(const ObjectKey& key);

  // False: nobody has to be told anything.
  bool DeliverOne();
  std::size_t events_waiting() const;
  const Objects& objects() const { return objects_; }

 private:
  struct Subscriber {
    ListFilter filter;
    std::function<void(const Change&)> on_change;
    std::vector<Change> waiting;
  };
  class Handle;

  Result<ObjectPtr> Written(Result<ObjectPtr> written);
  Status Gone(Status status);
  void Tell(const ObjectPtr& before, const ObjectPtr& after);
  Change Take(Subscriber& subscriber);

  const std::unique_ptr<Store> store_;
  FaultGate& gate_;
  Random& random_;
  const Observer observer_;
  Objects objects_;
  std::list<std::shared_ptr<Subscriber>> subscribers_;
};

}  // namespace lockstep::sim
