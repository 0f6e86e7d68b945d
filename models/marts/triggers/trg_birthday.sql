{{ yearly_occasions('birthday', 'birth_on') }}
