// SPDX-License-Identifier: MIT
#pragma once

namespace weir::detail {

template<class T>
class intrusive_list;

// The base class of an intrusive_list's elements.
template<class T>
class list_hook {
public:
    bool linked() const noexcept { return linked_; }

private:
    friend class intrusive_list<T>;

    T* previous_;
    T* next_;
    bool linked_ = false; // previous_ and next_ are valid only if set
};

// A doubly linked list of elements that it doesn't own; erasing from the middle is O(1). Never allocates.
template<class T>
class intrusive_list {
public:
    bool empty() const noexcept { return !first_; }
    T* first() const noexcept { return first_; }
    static T* next(const T& one) noexcept { return hook(one).next_; }

    void push_back(T& one) noexcept {
        hook(one).previous_ = last_;
        hook(one).next_ = nullptr;
        hook(one).linked_ = true;
        (last_ ? hook(*last_).next_ : first_) = &one;
        last_ = &one;
    }

    void erase(T& one) noexcept {
        T* const before = hook(one).previous_;
        T* const after = hook(one).next_;
        (before ? hook(*before).next_ : first_) = after;
        (after ? hook(*after).previous_ : last_) = before;
        hook(one).linked_ = false;
    }

    T* pop_front() noexcept {
        T* const one = first_;
        if (one) erase(*one);
        return one;
    }

private:
    static list_hook<T>& hook(T& one) noexcept { return one; }
    static const list_hook<T>& hook(const T& one) noexcept { return one; }

    T* first_ = nullptr;
    T* last_ = nullptr;
};

} // namespace weir::detail
